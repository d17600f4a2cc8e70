package main

import (
	"context"
	"net"

	"callstream/internal/broker"
	"callstream/internal/callbot"
	"callstream/internal/monitor"
	"callstream/internal/order"
	"callstream/internal/record"
	"callstream/internal/request"
)

// listenForCallbacks opens the address that callbacks are taken at.
func listenForCallbacks(addr string) (net.Listener, error) {
	return monitor.Listen("CALLBACK_ADDR", addr)
}

// callbackURL is where callbacks are sent to.
func callbackURL(l net.Listener) string {
	return "http://" + l.Addr().String() + callbot.CallbackPath
}

// takeCallbacks serves the vendor's callbacks until ctx ends. It needs no
// partition: a hint goes to its order's home like any other request.
func (x *exporter) takeCallbacks(ctx context.Context, b *broker.Broker) error {
	handler := callbot.NewCallbacks(callbot.CallbackConfig{
		UUID: x.cfg.Callbot.UUID, SecretKey: x.cfg.SecretKey(x.log), CheckID: request.CheckID,
		// Two hints about one order may be written at once and change places:
		// they say the same.
		Put: func(ctx context.Context, ref order.Ref) error {
			return b.Write(ctx, []record.Message{request.CallbackHint(ref, x.cfg.Topics.Requests)})
		},
		Observe: x.metrics.Callback, Log: x.log,
	})
	return monitor.Serve(ctx, x.callbacks, handler, x.log)
}
