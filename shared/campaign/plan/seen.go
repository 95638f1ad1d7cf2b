package plan

import "encoding/binary"

// seen is a set of 64-bit hashes that takes 9 to 10 bytes for each, also while it grows: it is made of many small tables,
// each of which grows by itself and by little. Two of ten million recipients have one hash with a probability of 3 in
// a million; then the second one would be reported as a duplicate.
type seen struct {
	tables [segments]table
}

const (
	segments    = 256
	smallest    = 16 // slots of a table at first
	growsBy     = 8  // a table grows by an eighth,
	fullOutOf10 = 9  // when nine tenths of it are taken
)

// table is an open-addressing table with linear probing; 0 is an empty slot.
type table struct {
	slots []uint64
	taken int
}

// add takes the hash of a recipient in, and reports whether it is new.
func (s *seen) add(hash *[32]byte) bool {
	key := binary.LittleEndian.Uint64(hash[1:])
	if key == 0 {
		key = 1
	}
	return s.tables[hash[0]].add(key)
}

func (t *table) add(key uint64) bool {
	if (t.taken+1)*10 > len(t.slots)*fullOutOf10 {
		t.grow()
	}
	if !t.put(key) {
		return false
	}
	t.taken++
	return true
}

func (t *table) put(key uint64) bool {
	// The key's upper half, spread over the slots.
	i := int(key >> 32 * uint64(len(t.slots)) >> 32)
	for ; t.slots[i] != 0; i++ {
		if t.slots[i] == key {
			return false
		}
		if i == len(t.slots)-1 {
			i = -1
		}
	}
	t.slots[i] = key
	return true
}

func (t *table) grow() {
	old := t.slots
	t.slots = make([]uint64, max(smallest, len(old)+len(old)/growsBy))
	for _, key := range old {
		if key != 0 {
			t.put(key)
		}
	}
}
