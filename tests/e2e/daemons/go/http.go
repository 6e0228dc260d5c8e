package main

import (
	"fmt"
	"io/ioutil"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

func serve(port, network string) {
	l, err := net.Listen(network, ":"+port)
	check(err)
	fmt.Println(l.Addr())
	check(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Client", r.RemoteAddr)
		fmt.Fprintf(w, "served at %s\n", r.Context().Value(http.LocalAddrContextKey).(net.Addr))
	})))
}

func get(c *http.Client, url string) (string, error) {
	r, err := c.Get(url)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	body, err := ioutil.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %s", r.Status)
	}
	return string(body), err
}

func ask(url string) {
	answer, err := get(&http.Client{Timeout: 20 * time.Second}, url)
	check(err)
	fmt.Print(answer)
}

// load prints the number of errors, the first few of them, and on standard error the rate.
func load(url string, count int, keep bool) {
	const atOnce, shown = 16, 3
	t := &http.Transport{DisableKeepAlives: !keep, MaxIdleConnsPerHost: atOnce}
	c := &http.Client{Transport: t, Timeout: 20 * time.Second}
	left, errors := int64(count), int64(0)
	var all sync.WaitGroup
	start := time.Now()
	for i := 0; i < atOnce; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for atomic.AddInt64(&left, -1) >= 0 {
				_, err := get(c, url)
				if err != nil && atomic.AddInt64(&errors, 1) <= shown {
					fmt.Println(err)
				}
			}
		}()
	}
	all.Wait()
	fmt.Printf("%d requests, %d errors\n", count, errors)
	fmt.Fprintf(os.Stderr, "%.0f requests a second\n", float64(count)/time.Since(start).Seconds())
}
