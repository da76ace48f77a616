// Reads .env files by godotenv. Standard input: a JSON list of files, each in base64. Standard output: a JSON list with the
// values of each file, or null for one that godotenv refuses.
package main

import (
	"encoding/json"
	"os"

	"github.com/joho/godotenv"
)

func main() {
	var files [][]byte
	if err := json.NewDecoder(os.Stdin).Decode(&files); err != nil {
		panic(err)
	}
	read := make([]map[string]string, 0, len(files))
	for _, file := range files {
		read = append(read, values(file))
	}
	if err := json.NewEncoder(os.Stdout).Encode(read); err != nil {
		panic(err)
	}
}

func values(file []byte) (values map[string]string) {
	// 1.6 panics at a value that begins with `#`.
	defer func() {
		if recover() != nil {
			values = nil
		}
	}()
	values, err := godotenv.UnmarshalBytes(file)
	if err != nil {
		return nil
	}
	return values
}
