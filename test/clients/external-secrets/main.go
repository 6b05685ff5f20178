// Reads secrets as the controller of External Secrets does, by the code of its provider for Alibaba Cloud: from the SecretStore in the file that is the first argument.
// The cluster is a fake one, whose Secret `strongroom` has an AccessKey. Prints a line of JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	esv1 "github.com/external-secrets/external-secrets/apis/externalsecrets/v1"
	_ "github.com/external-secrets/external-secrets/pkg/provider/alibaba"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/yaml"
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
	var store esv1.SecretStore
	must(0, yaml.UnmarshalStrict(must(os.ReadFile(os.Args[1])), &store))
	cluster := fake.NewClientBuilder().WithObjects(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "strongroom", Namespace: "default"},
		Data: map[string][]byte{
			"id":     []byte(os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_ID")),
			"secret": []byte(os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET")),
		},
	}).Build()
	provider := must(esv1.GetProvider(&store))
	must(provider.ValidateStore(&store))
	client := must(provider.NewClient(ctx, &store, cluster, "default"))
	ready := must(client.Validate())
	text := func(ref esv1.ExternalSecretDataRemoteRef) string { return string(must(client.GetSecret(ctx, ref))) }
	fields := map[string]string{}
	for name, value := range must(client.GetSecretMap(ctx, esv1.ExternalSecretDataRemoteRef{Key: "db"})) {
		fields[name] = string(value)
	}
	_, missing := client.GetSecret(ctx, esv1.ExternalSecretDataRemoteRef{Key: "none"})
	must(0, json.NewEncoder(os.Stdout).Encode(map[string]any{
		"ready":   ready.String(),
		"one":     text(esv1.ExternalSecretDataRemoteRef{Key: "db", Property: "password"}),
		"earlier": text(esv1.ExternalSecretDataRemoteRef{Key: "db", Version: "v1", Property: "password"}),
		"all":     fields,
		"missing": missing.Error(),
	}))
}
