// What kube-apiserver does with an EncryptionConfiguration, by its own code: loads it, connects to the provider, and transforms what goes to etcd.
// The first argument is the configuration, the others are manifests to decode strictly. Prints a line of JSON for each step.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/server/options/encryptionconfig"
	"k8s.io/apiserver/pkg/storage/value"
	"sigs.k8s.io/yaml"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	for _, file := range os.Args[2:] {
		text, err := os.ReadFile(file)
		must(err)
		must(yaml.UnmarshalStrict(text, &corev1.Pod{}))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	config, err := encryptionconfig.LoadEncryptionConfig(ctx, os.Args[1], false, "test")
	must(err)
	secrets := schema.GroupResource{Resource: "secrets"}
	transformer := config.Transformers[secrets]
	data := []byte("k8s\x00a secret of a cluster")
	name := value.DefaultContext("/registry/secrets/default/one")
	stored, err := transformer.TransformToStorage(ctx, data, name)
	must(err)
	read, stale, err := transformer.TransformFromStorage(ctx, stored, name)
	must(err)
	_, _, moved := transformer.TransformFromStorage(ctx, stored, value.DefaultContext("/registry/secrets/default/other"))
	must(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"prefix": string(stored[:len("k8s:enc:kms:v2:strongroom:")]),
		"hidden": !bytes.Contains(stored, []byte("secret of a cluster")),
		"same":   bytes.Equal(read, data),
		"stale":  stale,
		"bound":  moved != nil,
	}))
}
