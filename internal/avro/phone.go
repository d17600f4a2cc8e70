package avro

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// How much of a phone number PhoneMask leaves: enough to tell numbers apart for
// a person who knows them, too little to call one.
const (
	maskHead = 3
	maskTail = 4
)

// PhoneMask returns the number with all but its first 3 and last 4 characters
// replaced by '*'; one of up to 7 characters has all replaced.
func PhoneMask(phone string) string {
	phone = valid(phone)
	n := utf8.RuneCountInString(phone)
	if n <= maskHead+maskTail {
		return strings.Repeat("*", n)
	}
	runes := []rune(phone)
	for i := maskHead; i < n-maskTail; i++ {
		runes[i] = '*'
	}
	return string(runes)
}

// PhoneHMAC returns a function that replaces a number by the hex HMAC-SHA-256
// of it: the same number always by the same text, not to be turned back
// without the key. The function is safe for concurrent use.
func PhoneHMAC(key []byte) func(phone string) string {
	key = append([]byte(nil), key...)
	return func(phone string) string {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(phone))
		return hex.EncodeToString(mac.Sum(nil))
	}
}
