// lookup NAME...: prints how many IPv4 addresses each has, asked by Go's own resolver.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
)

func main() {
	resolver := net.Resolver{PreferGo: true}
	for i, name := range os.Args[1:] {
		found, err := resolver.LookupIP(context.Background(), "ip4", name)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		if i > 0 {
			fmt.Print(" ")
		}
		fmt.Print(len(found))
	}
	fmt.Println()
}
