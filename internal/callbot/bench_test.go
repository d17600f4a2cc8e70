package callbot

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// benchAnswer is an answer of finished orders, as the vendor sends them.
func benchAnswer(orders, lines int) (body string, ids []string) {
	var b strings.Builder
	b.WriteString(`{"retCode":0,"retMsg":"success","responseID":"8f3c2a7e","orderDetailList":[`)
	for i := range orders {
		id := fmt.Sprintf("order-%06d", i)
		ids = append(ids, id)
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"orderID":%q,"userPhone":"15500000000","userName":"A User","sceneID":"scene-1","userTaskID":"task","taskID":"vendor-task",`+
			`"finish":true,"other":"{\"crm\":%d}","callInfoDetailList":[{"callID":"call-%06d","callingNumber":"02000000000","lineAddress":"line-1",`+
			`"callStatus":6,"callStartTs":1760000000000,"callAnswerTs":1760000005000,"callEndTs":1760000065000,"callDuration":60,`+
			`"callAudioUrl":"https://example.com/recordings/call-%06d.wav?sign=abcdef","hangupCause":"NORMAL_CLEARING","termSipCode":"200",`+
			`"intents":[{"intentID":"i-1","intentTag":"A","intentName":"Interested"}],"sms":[],"agent":null,"params":[{"name":"city","value":"Berlin"}],`+
			`"recordDetail":[`, id, i, i, i)
		for j := range lines {
			if j > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"recordWord":"Hello, this is line %d of the call; I would like to ask you \"something\", 您好，请问您方便吗？ do you have a minute?","recordIndex":%d,"recordRole":%d,`+
				`"recordType":7,"nodeID":"node-%d","nodeDesc":"a node of the dialogue","createTs":%d}`, j, j, j%2, j, 1760000005000+j*1000)
		}
		b.WriteString(`]}]}`)
	}
	b.WriteString(`]}`)
	return b.String(), ids
}

func BenchmarkAnswer(b *testing.B) {
	const orders = 500
	body, ids := benchAnswer(orders, 20)
	for _, decode := range []bool{false, true} {
		b.Run(fmt.Sprintf("decode=%v", decode), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			start := time.Now()
			for b.Loop() {
				answer, err := readEnvelope(body)
				if err != nil {
					b.Fatal(err)
				}
				f := sight(answer.orders, "task", ids, 1)
				if len(f.seen) != orders {
					b.Fatalf("%d orders seen", len(f.seen))
				}
				for _, s := range f.seen {
					if !decode {
						break
					}
					if _, err := s.Decode(); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(time.Since(start).Microseconds())/float64(b.N)/orders, "µs/order")
		})
	}
}
