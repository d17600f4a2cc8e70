package order

// rulesVersion changes with every release in which the same answer may lead to
// other announcements: answers remembered by their hash are then read again.
const rulesVersion = 1

// Seed tells apart the hashes of answers that were compared under different
// rules.
func (r Rules) Seed() uint64 {
	seed := uint64(rulesVersion) << 1
	if r.Transcripts {
		seed |= 1
	}
	return seed
}
