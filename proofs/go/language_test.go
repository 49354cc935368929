package proofs

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// proves: a wrapped `sql.ErrNoRows` is not `== sql.ErrNoRows`
func TestAWrappedError(t *testing.T) {
	err := fmt.Errorf("load order: %w", sql.ErrNoRows)
	if err == sql.ErrNoRows || !errors.Is(err, sql.ErrNoRows) {
		t.Fatal(err)
	}
}

// proves: `json.Decoder` ignores unknown fields and whatever follows the first value
func TestDecoderIgnores(t *testing.T) {
	var order struct{ Qty int }
	d := json.NewDecoder(strings.NewReader(`{"qty": 1, "qtyy": 2} {"qty": 3}`))
	if err := d.Decode(&order); err != nil || order.Qty != 1 {
		t.Fatalf("%v, %v", order, err)
	}
	if err := d.Decode(&order); err == io.EOF {
		t.Fatal("a second Decode does not tell")
	}
	strict := json.NewDecoder(strings.NewReader(`{"qtyy": 2}`))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&order); err == nil {
		t.Fatal("an unknown field passes")
	}
}

// proves: A nil slice is encoded as `null`.
func TestNilSlice(t *testing.T) {
	var none []string
	if text, _ := json.Marshal(map[string]any{"items": none}); string(text) != `{"items":null}` {
		t.Fatal(string(text))
	}
}

// proves: `http.ListenAndServe` sets no timeouts
func TestAServerWithoutTimeoutsWaits(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go http.Serve(listener, nil) // what ListenAndServe does behind its listener: a Server{} with zero timeouts
	half, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(half, "GET / HTTP/1.1\r\nHost:") // and nothing more
	half.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	if _, err := half.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the server did not wait: %v", err)
	}

	bounded, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go (&http.Server{ReadHeaderTimeout: 50 * time.Millisecond}).Serve(bounded)
	half, _ = net.Dial("tcp", bounded.Addr().String())
	fmt.Fprint(half, "GET / HTTP/1.1\r\nHost:")
	half.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadAll(half); err != nil {
		t.Fatalf("with ReadHeaderTimeout it is not closed: %v", err)
	}
}

// proves: `http.DefaultClient` has no timeout either.
func TestTheDefaultClient(t *testing.T) {
	if http.DefaultClient.Timeout != 0 {
		t.Fatal(http.DefaultClient.Timeout)
	}
}

// run runs the go command on the files {name: text} in a module of their own.
func run(t *testing.T, folder string, arguments ...string) (string, error) {
	t.Helper()
	command := exec.Command("go", arguments...)
	command.Dir = folder
	output, err := command.CombinedOutput()
	return string(output), err
}

func module(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	files["go.mod"] = "module scratch\n\ngo 1.25\n"
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// proves: A panic in a goroutine ends the process
func TestAPanicInAGoroutine(t *testing.T) {
	folder := module(t, map[string]string{"main.go": `package main

import ("fmt"; "time")

func main() {
	defer func() { recover(); fmt.Println("recovered") }() // the middleware
	go func() { panic("lost") }()
	time.Sleep(2 * time.Second)
	fmt.Println("still there")
}
`})
	output, err := run(t, folder, "run", ".")
	if err == nil || strings.Contains(output, "recovered") || strings.Contains(output, "still there") {
		t.Fatal(output)
	}
}

// proves: Run the tests with `-race`.
func TestOnlyTheRaceDetectorSeesARace(t *testing.T) {
	folder := module(t, map[string]string{"race_test.go": `package scratch

import ("sync"; "testing")

func TestSum(t *testing.T) {
	sum := 0
	var all sync.WaitGroup
	for range 2 { all.Go(func() { sum++ }) }
	all.Wait()
	_ = sum
}
`})
	if output, err := run(t, folder, "test", "./..."); err != nil {
		t.Fatalf("without -race: %s", output)
	}
	if output, err := run(t, folder, "test", "-race", "./..."); err == nil || !strings.Contains(output, "DATA RACE") {
		t.Fatalf("with -race: %v %s", err, output)
	}
}

// proves: `go test` reports a cached pass although the database has changed
func TestACachedPass(t *testing.T) {
	// A server plays the database: what a test reads over the network is no input of the cache.
	answer := "yes"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }))
	folder := module(t, map[string]string{"db_test.go": fmt.Sprintf(`package scratch

import ("io"; "net/http"; "testing")

func TestRow(t *testing.T) {
	response, err := http.Get("http://%s/")
	if err != nil { t.Fatal(err) }
	if text, _ := io.ReadAll(response.Body); string(text) != "yes" { t.Fatal(string(text)) }
}
`, listener.Addr())})
	if output, err := run(t, folder, "test", "./..."); err != nil {
		t.Fatal(output)
	}
	answer = "no"
	if output, err := run(t, folder, "test", "./..."); err != nil || !strings.Contains(output, "(cached)") {
		t.Fatalf("not cached: %s", output)
	}
	if output, err := run(t, folder, "test", "-count=1", "./..."); err == nil {
		t.Fatalf("with -count=1: %s", output)
	}
}
