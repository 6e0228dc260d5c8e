package main

import (
	"fmt"
	"net"
	"time"
)

func serveUDP(port string) {
	s, err := net.ListenPacket("udp", ":"+port)
	check(err)
	fmt.Println(s.LocalAddr())
	buf := make([]byte, 512)
	for {
		n, from, err := s.ReadFrom(buf)
		check(err)
		_, err = s.WriteTo([]byte(fmt.Sprintf("%s at %s", buf[:n], s.LocalAddr())), from)
		check(err)
	}
}

func askUDP(address string, count int) {
	buf := make([]byte, 512)
	answer := ""
	for i := 1; i <= count; i++ {
		c, err := net.Dial("udp", address)
		check(err)
		check(c.SetDeadline(time.Now().Add(5 * time.Second)))
		_, err = fmt.Fprintf(c, "datagram %d", i)
		check(err)
		n, err := c.Read(buf)
		check(err)
		answer = fmt.Sprintf("%s from %s", buf[:n], c.RemoteAddr())
		check(c.Close())
	}
	fmt.Println(answer)
}

func sendUDP(address string) {
	to, err := net.ResolveUDPAddr("udp", address)
	check(err)
	c, err := net.ListenPacket("udp", ":0")
	check(err)
	check(c.SetDeadline(time.Now().Add(5 * time.Second)))
	_, err = c.WriteTo([]byte("a datagram"), to)
	check(err)
	buf := make([]byte, 512)
	n, from, err := c.ReadFrom(buf)
	check(err)
	fmt.Printf("%s from %s\n", buf[:n], from)
}
