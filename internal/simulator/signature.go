package simulator

import (
	"crypto/md5" //nolint:gosec // the vendor's default algorithm
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/http"
	"strconv"
	"strings"
)

// The headers that carry a signature, both ways.
const (
	headerRequestID = "requestID"
	headerUUID      = "uuid"
	headerCreateTs  = "createTs"
	headerSign      = "sign"
	headerAlgorithm = "algorithm"
)

// signed is what a signature covers beside the body.
type signed struct{ requestID, uuid, createTs, algorithm string }

// sign returns the vendor's signature, or false for an algorithm it does not
// have. An empty algorithm means MD5.
func (h signed) sign(secretKey string, body []byte) (string, bool) {
	var sum hash.Hash
	switch h.algorithm {
	case "", "MD5":
		sum = md5.New() //nolint:gosec // the vendor's default algorithm
	case "SHA256":
		sum = sha256.New()
	default:
		return "", false
	}
	sum.Write([]byte(secretKey + "&body="))
	sum.Write(body)
	sum.Write([]byte("&createTs=" + h.createTs + "&requestID=" + h.requestID + "&uuid=" + h.uuid))
	return strings.ToUpper(hex.EncodeToString(sum.Sum(nil))), true
}

// authenticate returns 0, or the retCode of what is wrong with a request's
// account or signature.
func (s *Simulator) authenticate(header http.Header, body []byte) int {
	h := signedOf(header)
	sign := header.Get(headerSign)
	if sign == "" || h.requestID == "" || h.uuid == "" || h.createTs == "" {
		return codeUnsigned
	}
	if s.config.UUID != "" && h.uuid != s.config.UUID {
		return codeNoAccount
	}
	want, ok := h.sign(s.config.SecretKey, body)
	if _, err := strconv.ParseInt(h.createTs, 10, 64); err != nil || !ok || sign != want {
		return codeBadSignature
	}
	return codeSuccess
}

func signedOf(header http.Header) signed {
	return signed{
		requestID: header.Get(headerRequestID),
		uuid:      header.Get(headerUUID),
		createTs:  header.Get(headerCreateTs),
		algorithm: header.Get(headerAlgorithm),
	}
}
