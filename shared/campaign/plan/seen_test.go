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
	known := map[[8]byte]bool{}
	for range 200_000 {
		hash := sha256.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(random.IntN(50_000))))
		hash[0], hash[1] = hash[0]%3, 0 // few tables, which grow often
		if hash[2] == 0 {
			clear(hash[2:6]) // some begin their search at one slot
		}
		if isNew := s.add(&hash); isNew == known[[8]byte(hash[:8])] {
			t.Fatalf("%x: new %v", hash, isNew)
		}
		known[[8]byte(hash[:8])] = true
	}
	var zero [32]byte // whose key is that of an empty slot
	if !s.add(&zero) || s.add(&zero) {
		t.Error("a hash of zeros is not kept")
	}
}

func TestSeenTakesEightBytesARow(t *testing.T) {
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
			bytes += len(key{}) * cap(append([]key(nil), table.slots...)) // what the allocator rounds up to is in it
		}
		if most := rows * 8; rows >= 500_000 && bytes > most {
			t.Errorf("%d rows take %d bytes, want at most %d", rows, bytes, most)
		}
	}
}
