package callbot

import (
	"cmp"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // the vendor's choice of algorithm
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"
)

// The algorithms of the signature, as the `algorithm` header spells them. None
// means MD5 (docs/api.md#the-request).
const (
	MD5    = "MD5"
	SHA256 = "SHA256"
)

// The names of the headers of requests and answers, as the vendor spells them.
const (
	headerRequestID = "requestID"
	headerUUID      = "uuid"
	headerCreateTs  = "createTs"
	headerSign      = "sign"
	headerAlgorithm = "algorithm"
)

// stamp is what a message is signed with, beside its body and the key.
type stamp struct {
	algorithm string
	createTs  string // Unix seconds
	requestID string
	uuid      string // the account
}

// sign returns the signature of a message: upper-case hex of the digest over
// key, body, time, request ID and account (docs/api.md#the-signature). ok is false for an
// algorithm that is neither MD5 nor SHA256.
func (s stamp) sign(secretKey string, body []byte) (signature string, ok bool) {
	var digest hash.Hash
	switch s.algorithm {
	case MD5, "":
		digest = md5.New() //nolint:gosec // the vendor's choice of algorithm
	case SHA256:
		digest = sha256.New()
	default:
		return "", false
	}
	digest.Write([]byte(secretKey + "&body="))
	digest.Write(body)
	digest.Write([]byte("&createTs=" + s.createTs + "&requestID=" + s.requestID + "&uuid=" + s.uuid))
	return strings.ToUpper(hex.EncodeToString(digest.Sum(nil))), true
}

// signer is a request's stamp and the key that signed it, which its answer is
// held to: the account's key may be another by the time the answer comes.
type signer struct {
	stamp
	key string
}

func (s signer) signed(answer http.Header, body []byte) bool {
	return signedRight(answer, s.stamp, s.key, body)
}

// signedRight reports whether an answer's signature is that of its
// decompressed body. Headers the answer leaves out are taken from the request
// it answers; without an algorithm, the signature's length tells it.
//
// It does not ask that the answer's request ID be the request's: the vendor
// does not say that it is an echo.
func signedRight(answer http.Header, request stamp, secretKey string, body []byte) bool {
	got := strings.ToUpper(answer.Get(headerSign))
	algorithm := strings.ToUpper(answer.Get(headerAlgorithm))
	if algorithm == "" && len(got) == hex.EncodedLen(sha256.Size) {
		algorithm = SHA256
	}
	want, ok := stamp{
		algorithm: algorithm,
		createTs:  cmp.Or(answer.Get(headerCreateTs), request.createTs),
		requestID: cmp.Or(answer.Get(headerRequestID), request.requestID),
		uuid:      cmp.Or(answer.Get(headerUUID), request.uuid),
	}.sign(secretKey, body)
	return ok && hmac.Equal([]byte(got), []byte(want))
}
