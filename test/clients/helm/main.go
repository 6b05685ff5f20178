// Decodes each manifest of standard input strictly into the type of its kind: a member that Kubernetes does not have is an error.
// Prints a line with each kind and name.
package main

import (
	"fmt"
	"io"
	"os"
	"regexp"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

var types = map[string]func() any{
	"v1/ConfigMap":                       func() any { return &corev1.ConfigMap{} },
	"v1/Service":                         func() any { return &corev1.Service{} },
	"apps/v1/StatefulSet":                func() any { return &appsv1.StatefulSet{} },
	"policy/v1/PodDisruptionBudget":      func() any { return &policyv1.PodDisruptionBudget{} },
	"networking.k8s.io/v1/NetworkPolicy": func() any { return &networkingv1.NetworkPolicy{} },
}

// The operator's types are of no module here: their spec is looked at by the test.
const operatorsKind = "monitoring.coreos.com/v1/ServiceMonitor"

func must(err error, what string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func main() {
	all, err := io.ReadAll(os.Stdin)
	must(err, "standard input")
	for _, text := range regexp.MustCompile(`(?m)^---$`).Split(string(all), -1) {
		var head metav1.PartialObjectMetadata
		must(yaml.Unmarshal([]byte(text), &head), text)
		if head.Kind == "" {
			continue
		}
		kind := head.APIVersion + "/" + head.Kind
		if make, known := types[kind]; known {
			must(yaml.UnmarshalStrict([]byte(text), make()), kind)
		} else if kind != operatorsKind {
			must(fmt.Errorf("no type for it here"), kind)
		}
		fmt.Println(kind, head.Name)
	}
}
