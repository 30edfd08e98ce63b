// Reads a log of tiles with the code of Go's checksum database, which has nothing of ours in it, and checks all of it:
//
//	read_tiles PREFIX VKEY [OLD_CHECKPOINT]
//
// PREFIX is a directory or a URL. It prints "ok ORIGIN SIZE", or says what is wrong and ends with 1.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type source string

func (s source) read(path string) ([]byte, error) {
	if !strings.HasPrefix(string(s), "http") {
		return os.ReadFile(string(s) + "/" + path)
	}
	answer, err := http.Get(string(s) + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// path is where c2sp.org/tlog-tiles has a tile: Go's own form without the height, which is always 8.
func path(t tlog.Tile) string {
	return strings.Replace(t.Path(), "tile/8/", "tile/", 1)
}

func (s source) Height() int { return height }

func (s source) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := s.read(path(tile))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (s source) SaveTiles([]tlog.Tile, [][]byte) {}

func open(raw []byte, vkey string) (origin string, tree tlog.Tree, err error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return "", tree, err
	}
	opened, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		return "", tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 {
		return "", tree, errors.New("a checkpoint of ours has three lines")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return "", tree, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	copy(tree.Hash[:], root)
	return lines[0], tree, err
}

func entries(s source, size int64) ([][]byte, error) {
	var all [][]byte
	for n := int64(0); n*256 < size; n++ {
		width := size - n*256
		if width > 256 {
			width = 256
		}
		tile := tlog.Tile{H: height, L: -1, N: n, W: int(width)}
		data, err := s.read(strings.Replace(path(tile), "tile/data/", "tile/entries/", 1))
		if err != nil {
			return nil, err
		}
		for len(data) > 0 {
			length := binary.BigEndian.Uint16(data)
			all = append(all, data[2:2+length])
			data = data[2+length:]
		}
	}
	return all, nil
}

// checkEntries finds each entry in its tile, which the reader proved under the root, and proves the last one itself.
func checkEntries(hashes tlog.HashReader, tree tlog.Tree, some [][]byte, first int64) error {
	var indexes []int64
	for n := range some {
		indexes = append(indexes, tlog.StoredHashIndex(0, first+int64(n)))
	}
	got, err := hashes.ReadHashes(indexes)
	if err != nil {
		return err
	}
	for n, entry := range some {
		if got[n] != tlog.RecordHash(entry) {
			return fmt.Errorf("entry %d is not in its tile", first+int64(n))
		}
	}
	last := first + int64(len(some)) - 1
	proof, err := tlog.ProveRecord(tree.N, last, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, last, got[len(some)-1])
}

func check(s source, vkey string, old []byte) (string, error) {
	raw, err := s.read("checkpoint")
	if err != nil {
		return "", err
	}
	origin, tree, err := open(raw, vkey)
	if err != nil {
		return "", err
	}
	hashes := tlog.TileHashReader(tree, s)
	all, err := entries(s, tree.N)
	if err != nil {
		return "", err
	}
	if int64(len(all)) != tree.N {
		return "", fmt.Errorf("%d entries of %d", len(all), tree.N)
	}
	for first := 0; first < len(all); first += 4096 {
		end := first + 4096
		if end > len(all) {
			end = len(all)
		}
		if err := checkEntries(hashes, tree, all[first:end], int64(first)); err != nil {
			return "", err
		}
	}
	if old != nil {
		_, before, err := open(old, vkey)
		if err != nil {
			return "", err
		}
		proof, err := tlog.ProveTree(tree.N, before.N, hashes)
		if err != nil {
			return "", err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("ok %s %d", origin, tree.N), nil
}

func main() {
	var old []byte
	if len(os.Args) > 3 {
		var err error
		if old, err = os.ReadFile(os.Args[3]); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	said, err := check(source(os.Args[1]), os.Args[2], old)
	if err != nil {
		fmt.Println("wrong:", err)
		os.Exit(1)
	}
	fmt.Println(said)
}
