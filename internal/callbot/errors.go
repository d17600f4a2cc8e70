package callbot

import (
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Class says what a failed request means for its caller. It is also the label
// of metrics.
type Class string

// The classes of docs/api.md#retcode.
const (
	// Busy: slow down and ask again.
	Busy Class = "busy"
	// Maintenance: the API is down on purpose; ask again later.
	Maintenance Class = "maintenance"
	// Failing: the API is broken, the way to it, or (rarely) one order in the
	// batch breaks it; ask again.
	Failing Class = "failing"
	// Rejected: something in this batch is not to the API's liking.
	Rejected Class = "rejected"
	// Refused: the account, the key or the address is wrong. No order is to
	// blame; a person must act.
	Refused Class = "refused"
)

// Error is a request to the API that brought no usable answer.
type Error struct {
	Class      Class
	RetCode    int    // the API's retCode; 0 = the answer has none
	HTTPStatus int    // 0 = no answer came
	ResponseID string // the vendor's name for the request; empty where the answer has none
	Detail     string // what is wrong, in this package's words; may be empty
	Message    string // the API's retMsg, made fit for a log; may be empty
	Err        error  // what the transport said; may be nil

	call string // ListOrderDetail or ListOrder; empty = none was made
}

// Error names the class, all codes, the detail and, where a person must act,
// the mend.
func (e *Error) Error() string {
	text := "callbot: "
	if e.call == ListOrder {
		text += ListOrder + ": "
	}
	text += e.brief()
	if e.Message != "" {
		text += fmt.Sprintf(", retMsg %q", e.Message)
	}
	if e.Err != nil {
		text += ": " + fitForLog(e.Err.Error())
	}
	if mend := e.mend(); mend != "" {
		text += "; " + mend
	}
	return text
}

// Unwrap returns what the transport said, or nil.
func (e *Error) Unwrap() error { return e.Err }

// brief is the error in codes and this package's own words alone.
func (e *Error) brief() string {
	var parts []string
	if e.RetCode != 0 {
		part := fmt.Sprintf("retCode %d", e.RetCode)
		if meaning := retCodeMeaning(e.RetCode).text; meaning != "" {
			part += " (" + meaning + ")"
		}
		parts = append(parts, part)
	}
	if e.HTTPStatus != 0 && e.HTTPStatus != http.StatusOK {
		parts = append(parts, fmt.Sprintf("HTTP %d", e.HTTPStatus))
	}
	if e.ResponseID != "" {
		parts = append(parts, "responseID "+e.ResponseID)
	}
	if e.Detail != "" {
		parts = append(parts, e.Detail)
	}
	if len(parts) == 0 {
		return string(e.Class)
	}
	return string(e.Class) + ": " + strings.Join(parts, ", ")
}

// mend says what a person can do about it; empty where time alone helps.
func (e *Error) mend() string {
	switch {
	case e.call == ListOrder && e.RetCode == 4: // docs/api.md#listorder: it may mean either
		return "ask for smaller pages; where that is refused too, ask the vendor whether the account of CALLBOT_UUID may use listOrder"
	case e.call == ListOrder && Unsupported(e):
		return "ask the vendor whether the account of CALLBOT_UUID may use listOrder"
	case e.call == ListOrder && e.Class == Rejected:
		return "ask for smaller pages"
	}
	if mend := retCodeMeaning(e.RetCode).mend; mend != "" {
		return mend
	}
	switch {
	case e.Class != Refused:
		return ""
	case e.HTTPStatus == http.StatusUnauthorized, e.HTTPStatus == http.StatusForbidden:
		return "check CALLBOT_UUID and CALLBOT_SECRET_KEY, and whether the vendor lets this address in"
	case e.HTTPStatus == http.StatusProxyAuthRequired:
		return "check the proxy's user and password"
	}
	return "check CALLBOT_BASE_URL"
}

// pace is the class as the pacer takes it. A listOrder that is refused or not
// there says nothing of listOrderDetail, which must not wait for it.
func (e *Error) pace() Class {
	if e.call == ListOrder && (e.Class == Refused || Unsupported(e)) {
		return Rejected
	}
	return e.Class
}

type meaning struct {
	class Class
	text  string
	mend  string
}

// retCodeMeaning is the vendor's table (docs/api.md#retcode). A code that is not in it is
// Failing: it may be the API's fault or an order's, as with any failure.
func retCodeMeaning(code int) meaning {
	known, ok := map[int]meaning{
		1:    {Failing, "general error", ""},
		2:    {Rejected, "missing parameters", ""},
		3:    {Rejected, "parameter format", ""},
		4:    {Rejected, "invalid value", ""},
		4001: {Rejected, "too many array elements", "lower BATCH_SIZE"},
		5:    {Maintenance, "server maintenance", ""},
		5001: {Failing, "internal error", ""},
		6:    {Refused, "incorrect signature", "check CALLBOT_SECRET_KEY, CALLBOT_ALGORITHM and this machine's clock"},
		6001: {Refused, "missing signature", "check whether a proxy before the API drops headers"},
		6002: {Refused, "account does not exist", "check CALLBOT_UUID and CALLBOT_BASE_URL"},
		6003: {Refused, "no permission", "ask the vendor to allow listOrderDetail for the account of CALLBOT_UUID"},
		7:    {Busy, "system busy", ""},
	}[code]
	if !ok {
		return meaning{class: Failing}
	}
	return known
}

// classify names the class of an answer from its HTTP status and its retCode
// (0 = none). HTTP 429 says slow down whatever else the answer says; beyond
// that, the API's own word outweighs the status, which a proxy may have set.
func classify(httpStatus, retCode int) Class {
	switch {
	case httpStatus == http.StatusTooManyRequests:
		return Busy
	case retCode != 0:
		return retCodeMeaning(retCode).class
	case httpStatus == http.StatusServiceUnavailable:
		return Maintenance
	case httpStatus >= 300 && httpStatus < 400:
		return Refused
	}
	switch httpStatus {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired,
		http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone:
		return Refused
	}
	return Failing
}

const (
	// maxMessage bounds the API's text in a log line, in bytes: a sentence or two.
	maxMessage = 200
	// maxForeignText bounds how much of a foreign text is looked at, in bytes:
	// far more than is shown, so that masking sees whole numbers.
	maxForeignText = 4096
	// phoneDigits is how many digits in a row may be a phone number: the
	// shortest subscriber numbers in international use have seven.
	phoneDigits = 7
)

// fitForLog makes foreign text fit for a log: valid UTF-8 without control
// characters, whatever may be a phone number masked, cut to maxMessage bytes.
func fitForLog(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(cut(text, maxForeignText), "\uFFFD"))
	return cut(maskNumbers(text), maxMessage)
}

// maskNumbers replaces each digit by `*` in numbers of phoneDigits or more. A
// number goes on over up to two spaces, dashes and brackets, as people write
// phone numbers; not over dots, so that an IP address stays readable.
func maskNumbers(text string) string {
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		if !unicode.IsDigit(runes[i]) {
			continue
		}
		start, end, digits := i, i, 0
		for ; i < len(runes) && i <= end+3; i++ {
			if unicode.IsDigit(runes[i]) {
				digits, end = digits+1, i
			} else if !strings.ContainsRune(" -()", runes[i]) {
				break
			}
		}
		i = end
		for j := start; digits >= phoneDigits && j <= end; j++ {
			if unicode.IsDigit(runes[j]) {
				runes[j] = '*'
			}
		}
	}
	return string(runes)
}

// cut shortens text to at most limit bytes without cutting a character in two.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// maxResponseID bounds the vendor's name for a request, in bytes: room for a
// UUID with a prefix. A longer text is no name.
const maxResponseID = 64

// responseID makes the vendor's name for a request fit for a log. Its digits
// stay: it must be quoted to the vendor as it is.
func responseID(id string) string {
	return strings.Map(func(r rune) rune {
		if r <= unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_.:", r)) {
			return r
		}
		return -1
	}, cut(id, maxResponseID))
}
