// Package strongroomtest starts a Strongroom of its own for the tests of a package.
package strongroomtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Server is a Strongroom that runs. Its AccessKey is the account's, which may do everything.
type Server struct {
	// Endpoint is its address, such as http://127.0.0.1:40123.
	Endpoint                                string
	AccountID, AccessKeyID, AccessKeySecret string

	program string
	command *exec.Cmd
	input   io.Closer
}

// Start starts the program `strongroom`, or the one that the variable STRONGROOM names, and waits until it is ready.
func Start() (*Server, error) {
	server := &Server{
		AccountID:       "1000000000000001",
		AccessKeyID:     "LTAItesting",
		AccessKeySecret: "not-a-secret",
		program:         "strongroom",
	}
	if named := os.Getenv("STRONGROOM"); named != "" {
		server.program = named
	}
	server.command = exec.Command(server.program, "serve", "--dev", "--temporary", "--stop-at-end-of-input",
		"--listen", "127.0.0.1:0", "--log-level", "warn")
	server.command.Env = server.environment()
	server.command.Stderr = os.Stderr
	// The server ends with its input: when Stop closes it, or when this process ends, however it ends.
	input, err := server.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := server.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := server.command.Start(); err != nil {
		return nil, err
	}
	server.input = input
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("%s does not start: %w", server.program, server.command.Wait())
	}
	return server, json.Unmarshal(line, server)
}

// Advance moves the clock forward, by "8d", "36h", "90m" or "30s". What fell due has then happened.
func (server *Server) Advance(duration string) error {
	advance := exec.Command(server.program, "dev", "advance", duration)
	advance.Env = append(server.environment(), "STRONGROOM_ENDPOINT="+server.Endpoint)
	if said, err := advance.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

// Stop ends the server and removes its data.
func (server *Server) Stop() error {
	if err := server.input.Close(); err != nil {
		return err
	}
	return server.command.Wait()
}

// environment is this process's without what configures other servers, with this server's AccessKey.
func (server *Server) environment() []string {
	var variables []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "STRONGROOM") {
			variables = append(variables, variable)
		}
	}
	return append(variables,
		"STRONGROOM_ACCOUNT_ID="+server.AccountID,
		"STRONGROOM_ROOT_ACCESS_KEY_ID="+server.AccessKeyID,
		"STRONGROOM_ROOT_ACCESS_KEY_SECRET="+server.AccessKeySecret,
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+server.AccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET="+server.AccessKeySecret)
}
