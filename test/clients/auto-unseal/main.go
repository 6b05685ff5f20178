// Seals and unseals as Vault does with `seal "alicloudkms"`, by Vault's own wrapper, which the environment configures.
// `seal` encrypts standard input and prints JSON; `unseal` reads that and prints the plaintext.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	wrapping "github.com/hashicorp/go-kms-wrapping/v2"
	"github.com/hashicorp/go-kms-wrapping/wrappers/alicloudkms/v2"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func main() {
	ctx := context.Background()
	wrapper := alicloudkms.NewWrapper()
	must(wrapper.SetConfig(ctx))
	given := must(io.ReadAll(os.Stdin))
	if os.Args[1] == "seal" {
		must(0, json.NewEncoder(os.Stdout).Encode(must(wrapper.Encrypt(ctx, given))))
		return
	}
	var sealed wrapping.BlobInfo
	must(0, json.Unmarshal(given, &sealed))
	must(os.Stdout.Write(must(wrapper.Decrypt(ctx, &sealed))))
}
