// Servers and clients in Go, for tests/e2e/daemons/go.sh. Each says on its first line where it is.
//
//	serve PORT NETWORK    HTTP on all addresses, of both families if the network is tcp; each answer says
//	                      where the server believes to be, and its header Client who asks
//	spawn PORT            becomes no server, but has another process of this program be one (os/exec)
//	ask URL               one request: prints the answer
//	load URL COUNT KEEP   so many requests, sixteen at once, on connections that are kept (1) or not (0)
//	serve-udp PORT        answers each datagram with its words, and where the server believes to be
//	ask-udp ADDRESS COUNT so many datagrams on a connected socket: prints the last answer, and from where
//	send-udp ADDRESS      one datagram on a socket that is not connected: prints the same
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func number(word string) int {
	n, err := strconv.Atoi(word)
	check(err)
	return n
}

func spawn(port string) {
	self, err := os.Executable()
	check(err)
	child := exec.Command(self, "serve", port, "tcp")
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	check(child.Run())
}

func main() {
	argument := append(os.Args[1:], "", "", "", "")
	switch argument[0] {
	case "serve":
		serve(argument[1], argument[2])
	case "spawn":
		spawn(argument[1])
	case "ask":
		ask(argument[1])
	case "load":
		load(argument[1], number(argument[2]), argument[3] == "1")
	case "serve-udp":
		serveUDP(argument[1])
	case "ask-udp":
		askUDP(argument[1], number(argument[2]))
	case "send-udp":
		sendUDP(argument[1])
	default:
		os.Exit(64)
	}
}
