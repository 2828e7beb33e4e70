// The contender in Go, with the standard library alone: go-server FOLDER LISTENER. What go-spiffe adds is a source of certificates and the reading of the peer's ID.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const idLetters = "abcdefghijklmnopqrstuvwxyz0123456789.-_"

func main() {
	file := func(name string) string { return filepath.Join(os.Args[1], name) }
	authority, err := os.ReadFile(file("ca.pem"))
	check(err)
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(authority) {
		log.Fatal("ca.pem has no certificate.")
	}
	number, err := strconv.Atoi(os.Args[2])
	check(err)
	listener, err := net.FileListener(os.NewFile(uintptr(number), "listener"))
	check(err)

	http.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/id", func(answer http.ResponseWriter, request *http.Request) {
		if id, err := peerID(request.TLS); err != nil || id == "" {
			answer.WriteHeader(http.StatusUnauthorized)
		}
	})
	server := &http.Server{TLSConfig: &tls.Config{
		MinVersion:             tls.VersionTLS13,
		ClientAuth:             tls.RequireAndVerifyClientCert,
		ClientCAs:              authorities,
		SessionTicketsDisabled: true,
	}}
	check(server.ServeTLS(listener, file("server.pem"), file("server.key")))
}

// As go-spiffe's PeerIDFromConnectionState and the FromURI that it ends in, for each request: one URI SAN, printed and parsed.
func peerID(state *tls.ConnectionState) (string, error) {
	if state == nil || len(state.PeerCertificates) == 0 || len(state.PeerCertificates[0].URIs) != 1 {
		return "", errors.New("not one URI SAN")
	}
	id := state.PeerCertificates[0].URIs[0].String()
	if !strings.HasPrefix(id, "spiffe://") || len(id) > 2048 {
		return "", errors.New("no SPIFFE ID")
	}
	parts := strings.Split(id[len("spiffe://"):], "/")
	for i, part := range parts {
		letters := idLetters
		if i > 0 {
			letters += "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		}
		if part == "" || part == "." || part == ".." || strings.Trim(part, letters) != "" {
			return "", errors.New("no SPIFFE ID")
		}
	}
	return id, nil
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
