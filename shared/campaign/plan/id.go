package plan

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"

	"dmlysender/shared/message"
)

// hashLetters is how much of the hash is in an id: 130 bits.
const hashLetters = 26

var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ID is the id of a campaign's message: "c.<campaign>.<hash>", where the hash is 26 of a-z and 2-7, made from the message's
// workspace and its phone number or contact. So each recipient has one message in a campaign, whatever it says, and the
// same one in each run of it.
func ID(campaign string, m message.Message) string {
	hash := identity(m)
	return string(appendID(nil, campaign, &hash))
}

func appendID(to []byte, campaign string, hash *[sha256.Size]byte) []byte {
	to = append(to, "c."...)
	to = append(to, campaign...)
	to = append(to, '.')
	end := len(to) + hashLetters
	return letters.AppendEncode(to, hash[:])[:end]
}

// identity is the hash of whom a message is for. Each part is written with its length, so that no two recipients are written
// alike.
func identity(m message.Message) [sha256.Size]byte {
	var space [128]byte
	text := space[:0]
	for _, part := range []string{m.Workspace.ID, m.Recipient.PhoneNumber, m.Contact.ID} {
		text = binary.AppendUvarint(text, uint64(len(part)))
		text = append(text, part...)
	}
	return sha256.Sum256(text)
}
