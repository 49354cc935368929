package proofs

import (
	"context"
	"errors"
	"testing"
	"time"
)

// proves: Every query takes the request's context (`QueryContext`)
func TestOnlyAQueryWithTheContextEndsWithIt(t *testing.T) {
	f := &fake{slow: make(chan struct{})}
	db := open(f)
	ctx, leave := context.WithTimeout(context.Background(), 20*time.Millisecond) // the client leaves
	defer leave()
	if _, err := db.QueryContext(ctx, "SELECT"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("with the context: %v", err)
	}
	done := make(chan error, 1)
	go func() { r, err := db.Query("SELECT"); r.Close(); done <- err }()
	select {
	case err := <-done:
		t.Fatalf("without it the query ended: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	if busy := db.Stats().InUse; busy != 1 {
		t.Fatalf("%d connections in use", busy)
	}
	close(f.slow)
	<-done
}

// proves: `rows.Next()` returns false for a lost connection as it does at the end
func TestALostConnectionLooksLikeTheEnd(t *testing.T) {
	rows, err := open(&fake{}).Query("SELECT")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for rows.Next() {
		count++
	}
	if count != 2 || !errors.Is(rows.Err(), errLost) {
		t.Fatalf("%d rows, %v", count, rows.Err())
	}
}

// proves: Without `rows.Close()` an early return keeps the connection.
func TestRowsThatAreNotClosedKeepTheirConnection(t *testing.T) {
	db := open(&fake{})
	rows, err := db.Query("SELECT")
	if err != nil {
		t.Fatal(err)
	}
	rows.Next()
	if busy := db.Stats().InUse; busy != 1 {
		t.Fatalf("%d connections in use", busy)
	}
	rows.Close()
	if busy := db.Stats().InUse; busy != 0 {
		t.Fatalf("%d connections in use after Close", busy)
	}
}

// proves: `sql.DB` opens connections without limit and keeps two idle
func TestConnectionsWithoutLimit(t *testing.T) {
	f := &fake{slow: make(chan struct{})}
	db := open(f)
	done := make(chan struct{})
	for range 50 {
		go func() { r, _ := db.Query("SELECT"); r.Close(); done <- struct{}{} }()
	}
	for end := time.Now().Add(10 * time.Second); f.opened.Load() < 50; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("only %d connections", f.opened.Load())
		}
	}
	close(f.slow)
	for range 50 {
		<-done
	}
	if idle := db.Stats().Idle; db.Stats().MaxOpenConnections != 0 || idle > 2 {
		t.Fatalf("limit %d, idle %d", db.Stats().MaxOpenConnections, idle)
	}
}
