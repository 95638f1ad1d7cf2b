package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

func TestSeenIsASet(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var s seen
	known := map[[32]byte]bool{}
	for range 200_000 {
		hash := sha256.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(random.IntN(50_000))))
		hash[0] %= 3 // few tables, which grow often
		if hash[1]%16 == 0 {
			clear(hash[5:9]) // some begin their search at one slot
		}
		if isNew := s.add(&hash); isNew == known[hash] {
			t.Fatalf("%x: new %v, known %v", hash, isNew, known[hash])
		}
		known[hash] = true
	}
	var zero [32]byte // whose key is that of an empty slot
	if !s.add(&zero) || s.add(&zero) {
		t.Error("a hash of zeros is not kept")
	}
}

func TestSeenTakesTenBytesARow(t *testing.T) {
	t.Parallel()
	var s seen
	for rows := 1; rows <= 1_000_000; rows++ {
		hash := sha256.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(rows)))
		if !s.add(&hash) {
			t.Fatalf("row %d is taken for a duplicate", rows)
		}
		if rows%250_000 != 0 {
			continue
		}
		bytes := 0
		for _, table := range s.tables {
			bytes += 8 * cap(table.slots)
		}
		if most := rows * 21 / 2; bytes > most { // what append would round up to is in it
			t.Errorf("%d rows take %d bytes, want at most %d", rows, bytes, most)
		}
	}
}
