// Checks a proof (c2sp.org/tlog-proof@v1, from standard input) with the code of Go's checksum database and Go's own
// Ed25519, which have nothing of ours in them:
//
//	read_proof ENTRY_IN_HEX LOG_VKEY [WITNESS_VKEY...]
//
// It prints "ok ORIGIN INDEX SIZE SIGNER...", or says what is wrong and ends with 1.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// witness is a key as in c2sp.org/tlog-cosignature, Ed25519.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func newWitness(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("not a verifier key: " + vkey)
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return nil, errors.New("not the key of a witness: " + vkey)
	}
	hash := sha256.Sum256([]byte(parts[0] + "\n" + string(key)))
	if hex.EncodeToString(hash[:4]) != parts[1] {
		return nil, errors.New("the identifier does not belong to the key: " + vkey)
	}
	return witness{parts[0], binary.BigEndian.Uint32(hash[:4]), key[1:]}, nil
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }

func (w witness) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(signature), text)
	return ed25519.Verify(w.key, []byte(signed), signature[8:])
}

func check(text, entry, vkey string, witnesses []string) (string, error) {
	head, checkpoint, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" || len(lines) < 2 {
		return "", errors.New("not a proof")
	}
	if lines = lines[1:]; strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if !strings.HasPrefix(lines[0], "index ") {
		return "", errors.New("no index")
	}
	index, err := strconv.ParseInt(lines[0][len("index "):], 10, 64)
	if err != nil {
		return "", err
	}
	var path tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return "", err
		}
		path = append(path, hash)
	}
	log, err := note.NewVerifier(vkey)
	if err != nil {
		return "", err
	}
	known := []note.Verifier{log}
	for _, vkey := range witnesses {
		one, err := newWitness(vkey)
		if err != nil {
			return "", err
		}
		known = append(known, one)
	}
	opened, err := note.Open([]byte(checkpoint), note.VerifierList(known...))
	if err != nil {
		return "", err
	}
	said := strings.Split(opened.Text, "\n")
	if len(said) != 4 {
		return "", errors.New("a checkpoint of ours has three lines")
	}
	size, err := strconv.ParseInt(said[1], 10, 64)
	if err != nil {
		return "", err
	}
	root, err := tlog.ParseHash(said[2])
	if err != nil {
		return "", err
	}
	raw, err := hex.DecodeString(entry)
	if err != nil {
		return "", err
	}
	if err := tlog.CheckRecord(path, size, root, index, tlog.RecordHash(raw)); err != nil {
		return "", err
	}
	answer := fmt.Sprintf("ok %s %d %d", said[0], index, size)
	for _, signature := range opened.Sigs {
		answer += " " + signature.Name
	}
	return answer, nil
}

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		var said string
		if said, err = check(string(text), os.Args[1], os.Args[2], os.Args[3:]); err == nil {
			fmt.Println(said)
			return
		}
	}
	fmt.Println("wrong:", err)
	os.Exit(1)
}
