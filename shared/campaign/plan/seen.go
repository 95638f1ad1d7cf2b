package plan

import (
	"crypto/sha256"
	"encoding/binary"
)

// seen is a set of 64-bit hashes that takes 7 to 8 bytes for each, also while it grows: it is made of many small tables, each
// of which grows by itself and by little, and which a hash's first 16 bits need not be kept in. Two of ten million
// recipients have one hash with a probability of 3 in a million; then the second one is reported as a duplicate.
type seen struct {
	tables [1 << 16]table
}

// table is an open-addressing table with linear probing. A key of zeros is an empty slot.
type table struct {
	slots []key
	taken int
}

type key [6]byte

const (
	smallest    = 8 // slots of a table at first
	growsBy     = 8 // a table grows by an eighth,
	fullOutOf10 = 9 // when nine tenths of it are taken
)

// add takes the hash of a recipient in, and reports whether it is new.
func (s *seen) add(hash *[sha256.Size]byte) bool {
	k := key(hash[2:8])
	if k == (key{}) {
		k[0] = 1
	}
	return s.tables[binary.BigEndian.Uint16(hash[:2])].add(k)
}

func (t *table) add(k key) bool {
	if (t.taken+1)*10 > len(t.slots)*fullOutOf10 {
		t.grow()
	}
	if !t.put(k) {
		return false
	}
	t.taken++
	return true
}

func (t *table) put(k key) bool {
	// Of the slots, the one as far from the first as the key is from 0.
	i := int(uint64(binary.BigEndian.Uint32(k[:])) * uint64(len(t.slots)) >> 32)
	for t.slots[i] != (key{}) {
		if t.slots[i] == k {
			return false
		}
		if i++; i == len(t.slots) {
			i = 0
		}
	}
	t.slots[i] = k
	return true
}

func (t *table) grow() {
	old := t.slots
	t.slots = make([]key, max(smallest, len(old)+len(old)/growsBy))
	for _, k := range old {
		if k != (key{}) {
			t.put(k)
		}
	}
}
