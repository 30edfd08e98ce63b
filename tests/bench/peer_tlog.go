// The tree and proofs of Go's checksum database (golang.org/x/mod/sumdb/tlog, RFC 6962 as RFC 9162) in memory, with no
// commitments, no rows and no disk: what our ledger is measured beside.
//
//	peer_tlog COUNT
//
// It prints: appends a second, microseconds a proof.
package main

import (
	"encoding/binary"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	count, err := strconv.ParseInt(os.Args[1], 10, 64)
	if err != nil {
		panic(err)
	}
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for place, index := range indexes {
			found[place] = hashes[index]
		}
		return found, nil
	})
	entry := make([]byte, 32)
	start := time.Now()
	for n := int64(0); n < count; n++ {
		binary.BigEndian.PutUint64(entry, uint64(n))
		more, err := tlog.StoredHashes(n, entry, reader)
		if err != nil {
			panic(err)
		}
		hashes = append(hashes, more...)
	}
	appended := time.Since(start)
	start = time.Now()
	const proofs = 10000
	for range [proofs]struct{}{} {
		if _, err := tlog.ProveRecord(count, rand.Int63n(count), reader); err != nil {
			panic(err)
		}
	}
	proved := time.Since(start)
	fmt.Println(float64(count)/appended.Seconds(), float64(proved.Microseconds())/proofs)
}
