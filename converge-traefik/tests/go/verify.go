// Judges pairs as Traefik and its clients do: crypto/tls loads each pair, crypto/x509 verifies the chain that is served.
// Reads a JSON array from standard input and writes one, an empty text for each pair that is taken.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

type pair struct {
	Chain string   `json:"chain"`
	Key   string   `json:"key"`
	Roots []string `json:"roots"`
	Names []string `json:"names"`
	Now   string   `json:"now"`
}

func judge(one pair) error {
	loaded, err := tls.X509KeyPair([]byte(one.Chain), []byte(one.Key))
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	now, err := time.Parse(time.RFC3339, one.Now)
	if err != nil {
		return err
	}
	served := make([]*x509.Certificate, 0, len(loaded.Certificate))
	for _, der := range loaded.Certificate {
		// A client ends the handshake at the first certificate that it cannot parse.
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("parse: %w", err)
		}
		served = append(served, certificate)
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range served[1:] {
		intermediates.AddCert(certificate)
	}
	for _, root := range one.Roots {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM([]byte(root))
		for _, name := range one.Names {
			options := x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: intermediates, CurrentTime: now}
			if _, err := served[0].Verify(options); err != nil {
				return fmt.Errorf("verify: %w", err)
			}
		}
	}
	return nil
}

func main() {
	var pairs []pair
	if err := json.NewDecoder(os.Stdin).Decode(&pairs); err != nil {
		panic(err)
	}
	said := make([]string, len(pairs))
	for index, one := range pairs {
		if err := judge(one); err != nil {
			said[index] = err.Error()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		panic(err)
	}
}
