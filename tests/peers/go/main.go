// Package main measures golang.org/x/oauth2: `clientcredentials.Config.TokenSource`, default settings.
//
// A call is `Token()`, as `oauth2.Transport` makes for each request. The source renews under a lock from 10 seconds
// before expiry. A token request is `Config.Token`, over `http.DefaultClient`, which all clients share.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

func config() *clientcredentials.Config {
	return &clientcredentials.Config{
		ClientID:     "demo",
		ClientSecret: "a-secret-of-some-length",
		TokenURL:     os.Getenv("PEERS_URL"),
		Scopes:       []string{"orders.read"},
	}
}

func connect() oauth2.TokenSource { return config().TokenSource(context.Background()) }

func ready() oauth2.TokenSource {
	source := connect()
	must(source.Token())
	return source
}

func must(token *oauth2.Token, err error) *oauth2.Token {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return token
}

func main() {
	number := 0
	if len(os.Args) > 2 {
		number, _ = strconv.Atoi(os.Args[2])
	}
	switch os.Args[1] {
	case "held":
		held()
	case "request":
		request()
	case "renewing":
		renewing()
	case "sessions":
		sessions(number)
	case "expiry":
		expiry()
	case "seed":
		ready()
	case "process":
		waitForGo()
		fmt.Println("token", len(must(connect().Token()).AccessToken))
	case "minimal":
		fmt.Println("token", len(must(connect().Token()).AccessToken))
		fmt.Println("memory", status("VmHWM:"))
	default:
		os.Exit(2)
	}
}

func held() {
	source := ready()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	calls(source, 1000)
	runtime.ReadMemStats(&after)
	fmt.Printf("allocations %.1f\n", float64(after.Mallocs-before.Mallocs)/1000)
	for _, threads := range []int{1, 2, 4, 8, 16} {
		roughly := timed(threads, 16000/threads, source)
		operations := 60e6 * busy(threads) / roughly
		fmt.Printf("held.%d %.1f\n", threads, timed(threads, int(operations)/threads+1, source))
	}
}

func timed(threads, each int, source oauth2.TokenSource) float64 {
	var done sync.WaitGroup
	start := make(chan struct{})
	for i := 0; i < threads; i++ {
		done.Add(1)
		go func() { defer done.Done(); <-start; calls(source, each) }()
	}
	begun := time.Now()
	close(start)
	done.Wait()
	return float64(time.Since(begun).Nanoseconds()) * busy(threads) / float64(each*threads)
}

func calls(source oauth2.TokenSource, count int) {
	for i := 0; i < count; i++ {
		must(source.Token())
	}
}

func busy(threads int) float64 {
	if cores := runtime.NumCPU(); threads > cores {
		threads = cores
	}
	return float64(threads)
}

func request() {
	client := config()
	for i := 0; i < 20; i++ {
		must(client.Token(context.Background()))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	micros, processor := make([]float64, 300), processorMicros()
	for i := range micros {
		begun := time.Now()
		must(client.Token(context.Background()))
		micros[i] = float64(time.Since(begun).Nanoseconds()) / 1e3
	}
	used := processorMicros() - processor
	runtime.ReadMemStats(&after)
	sort.Float64s(micros)
	fmt.Printf("request.allocations %d\n", (after.Mallocs-before.Mallocs)/300)
	fmt.Printf("request.us %.1f\nrequest.cpu %.1f\n", micros[150], used/300)
}

func processorMicros() float64 {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e3
}

func renewing() {
	source := ready()
	var phase int32
	fmt.Println("ready 1")
	results := make(chan []float64)
	for i := 0; i < 2; i++ {
		go func() {
			waits := make([]float64, 0, 1<<22)
			begun, at := time.Now(), atomic.LoadInt32(&phase)
			for {
				_, _ = source.Token()
				ended, then := time.Now(), atomic.LoadInt32(&phase)
				if at == 1 || at != then {
					waits = append(waits, float64(ended.Sub(begun).Nanoseconds()))
				}
				if then == 2 {
					results <- waits
					return
				}
				begun, at = ended, then
			}
		}()
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if lines.Text() == "begin" {
			atomic.StoreInt32(&phase, 1)
		} else {
			atomic.StoreInt32(&phase, 2)
			break
		}
	}
	waits := append(<-results, <-results...)
	sort.Float64s(waits)
	fmt.Println("renewing.calls", len(waits))
	fmt.Println("renewing.blocked", len(waits)-sort.SearchFloat64s(waits, 1e8))
	names, shares := []string{"p50", "p99", "p9999", "longest"}, []float64{0.5, 0.99, 0.9999, 1}
	for i, name := range names {
		fmt.Printf("renewing.%s %.0f\n", name, waits[int(float64(len(waits)-1)*shares[i])])
	}
}

func sessions(count int) {
	ready()
	before := status("VmRSS:")
	clients := make([]oauth2.TokenSource, count)
	for i := range clients {
		clients[i] = ready()
	}
	runtime.GC()
	fmt.Printf("sessions.bytes.%d %d\n", count, (status("VmRSS:")-before)*1024/count)
	turns, best := count, 0.0
	if turns < 100000 {
		turns = 100000
	}
	for round := 0; round < 3; round++ {
		begun, at := time.Now(), 0
		for i := 0; i < turns; i++ {
			must(clients[at].Token())
			at = (at + 7919) % count
		}
		each := float64(time.Since(begun).Nanoseconds()) / float64(turns)
		if round == 0 || each < best {
			best = each
		}
	}
	fmt.Printf("sessions.%d %.1f\n", count, best)
}

func expiry() {
	source := ready()
	time.Sleep(1300 * time.Millisecond)
	waitForGo()
	const callers = 64
	answers, start := make(chan bool, callers), make(chan struct{})
	for i := 0; i < callers; i++ {
		go func() { <-start; _, err := source.Token(); answers <- err == nil }()
	}
	begun := time.Now()
	close(start)
	served, failed, longest, patience := 0, 0, time.Duration(0), time.After(3*time.Second)
wait:
	for served+failed < callers {
		select {
		case ok := <-answers:
			if ok {
				served++
			} else {
				failed++
			}
			longest = time.Since(begun)
		case <-patience:
			longest = time.Since(begun)
			break wait
		}
	}
	fmt.Printf("served %d\nfailed %d\nwaiting %d\n", served, failed, callers-served-failed)
	fmt.Printf("longest %.1f\n", float64(longest.Microseconds())/1e3)
}

func waitForGo() {
	fmt.Println("ready 1")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
}

// status returns a figure of this process in kB.
func status(name string) int {
	text, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, name) {
			kilobytes, _ := strconv.Atoi(strings.Fields(line)[1])
			return kilobytes
		}
	}
	return 0
}
