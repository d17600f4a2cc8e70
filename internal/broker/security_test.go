package broker

import (
	"context"
	"strings"
	"testing"
)

func TestSASLNamesTheSetting(t *testing.T) {
	for name, c := range map[string]struct{ mechanism, user, password, want string }{
		"none":                     {},
		"unknown":                  {"GSSAPI", "u", "p", "KAFKA_SASL_MECHANISM"},
		"user without mechanism":   {"", "u", "", "KAFKA_SASL_MECHANISM"},
		"mechanism without user":   {"PLAIN", "", "p", "KAFKA_SASL_USERNAME"},
		"mechanism without secret": {"SCRAM-SHA-512", "u", "", "KAFKA_SASL_PASSWORD"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := SASL(c.mechanism, c.user, c.password)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// The exchange of RFC 7677, section 3.
const (
	rfcNonce       = "rOprNGfwEbeRWgbNEkqO"
	rfcClientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
	rfcServerFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
	rfcClientFinal = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
	rfcServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
)

func rfcClient() scram {
	s := newSCRAM("SCRAM-SHA-256", "user", "pencil")
	s.nonce = func() string { return rfcNonce }
	return s
}

func TestSCRAMByTheRFC(t *testing.T) {
	talk, first, err := rfcClient().Start(context.Background())
	if err != nil || string(first) != rfcClientFirst {
		t.Fatalf("the client begins with %q, %v", first, err)
	}
	done, final, err := talk.Next(context.Background(), []byte(rfcServerFirst))
	if err != nil || done || string(final) != rfcClientFinal {
		t.Fatalf("the client proves itself with %q, %t, %v", final, done, err)
	}
	if done, _, err := talk.Next(context.Background(), []byte(rfcServerFinal)); err != nil || !done {
		t.Fatalf("the server's signature: %t, %v", done, err)
	}
}

func TestSCRAMTrustsNobody(t *testing.T) {
	for name, c := range map[string]struct{ first, final string }{
		"another's nonce":       {first: "r=fyko+d2lbbFgONRv9qkxdawL,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"},
		"our nonce as it was":   {first: "r=" + rfcNonce + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"},
		"no salt":               {first: "r=" + rfcNonce + "x,i=4096"},
		"too few rounds":        {first: "r=" + rfcNonce + "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1"},
		"endless rounds":        {first: "r=" + rfcNonce + "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=2000000000"},
		"an error":              {first: "e=unknown-user"},
		"nothing":               {first: ""},
		"a wrong signature":     {first: rfcServerFirst, final: "v=AAAA"},
		"no signature":          {first: rfcServerFirst, final: ""},
		"an unreadable one":     {first: rfcServerFirst, final: "v=%"},
		"an error in the end":   {first: rfcServerFirst, final: "e=invalid-proof"},
		"the first again":       {first: rfcServerFirst, final: rfcServerFirst},
		"an empty last message": {first: rfcServerFirst, final: ","},
	} {
		t.Run(name, func(t *testing.T) {
			talk, _, _ := rfcClient().Start(context.Background())
			done, _, err := talk.Next(context.Background(), []byte(c.first))
			if err == nil && !done {
				done, _, err = talk.Next(context.Background(), []byte(c.final))
			}
			if err == nil || done {
				t.Errorf("it was taken: %t, %v", done, err)
			}
		})
	}
}

// Whatever a server says, only the right signature ends the exchange well.
func FuzzSCRAM(f *testing.F) {
	f.Add(rfcServerFirst, rfcServerFinal+"x")
	f.Add("r="+rfcNonce+"x,s=AAAA,i=4096", "v=")
	f.Add("e=x", "=,=,")
	f.Fuzz(func(t *testing.T, first, final string) {
		talk, _, _ := rfcClient().Start(context.Background())
		if done, _, err := talk.Next(context.Background(), []byte(first)); err != nil || done {
			if done {
				t.Error("done before the client proved itself")
			}
			return
		}
		done, _, err := talk.Next(context.Background(), []byte(final))
		if done != (err == nil) {
			t.Errorf("done %t with %v", done, err)
		}
		if done && first != rfcServerFirst && !strings.Contains(final, "v=") {
			t.Error("done without a signature")
		}
	})
}
