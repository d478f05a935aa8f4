// Drives the official Go SDK through one story: connect, subscribe, write, see it, be refused.
// Each line that it prints is a JSON object; the test reads them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/centrifugal/centrifuge-go"
)

func say(event string, told any) {
	line, err := json.Marshal(map[string]any{"event": event, "told": told})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(line))
}

func main() {
	url, codec, token, channel := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	config := centrifuge.Config{Token: token}
	client := centrifuge.NewJsonClient(url, config)
	if codec == "protobuf" {
		client = centrifuge.NewProtobufClient(url, config)
	}
	defer client.Close()
	client.OnConnected(func(centrifuge.ConnectedEvent) { say("connected", nil) })
	client.OnDisconnected(func(e centrifuge.DisconnectedEvent) { say("disconnected", e.Code) })

	subscription, err := client.NewSubscription(channel, centrifuge.SubscriptionConfig{Recoverable: true, JoinLeave: true})
	if err != nil {
		log.Fatal(err)
	}
	seen := make(chan uint64, 100)
	ready := make(chan struct{}, 10)
	subscription.OnSubscribed(func(e centrifuge.SubscribedEvent) {
		say("subscribed", e.Recoverable)
		ready <- struct{}{}
	})
	subscription.OnPublication(func(e centrifuge.PublicationEvent) {
		say("publication", map[string]any{"offset": e.Offset, "data": json.RawMessage(e.Data)})
		seen <- e.Offset
	})
	if err := client.Connect(); err != nil {
		log.Fatal(err)
	}
	if err := subscription.Subscribe(); err != nil {
		log.Fatal(err)
	}
	limit, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	select {
	case <-ready:
	case <-limit.Done():
		log.Fatal("not subscribed")
	}

	var id int
	if _, err := fmt.Sscanf(channel, "customer:%d", &id); err != nil {
		log.Fatal(err)
	}
	body, _ := json.Marshal(map[string]any{"customer_id": id, "body": "from Go"})
	result, err := client.RPC(limit, "comment.add", body)
	if err != nil {
		log.Fatal(err)
	}
	say("result", json.RawMessage(result.Data))
	select {
	case <-seen:
	case <-limit.Done():
		log.Fatal("saw nothing")
	}
	presence, err := subscription.Presence(limit)
	if err != nil {
		log.Fatal(err)
	}
	say("presence", len(presence.Clients))
	history, err := subscription.History(limit, centrifuge.WithHistoryLimit(10))
	if err != nil {
		log.Fatal(err)
	}
	say("history", len(history.Publications))
	_, err = client.RPC(limit, "no.such", []byte("{}"))
	var refused *centrifuge.Error
	if !errors.As(err, &refused) {
		log.Fatalf("not refused: %v", err)
	}
	say("refused", refused.Code)
}
