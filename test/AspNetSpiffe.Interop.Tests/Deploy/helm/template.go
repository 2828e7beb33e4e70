// Command template writes what 'helm template RELEASE CHART --namespace NAMESPACE -f VALUES…' gives, for a chart without dependencies: Helm's engine
// is text/template with the functions of sprig and those below. With "--values" first, it writes the values that the templates see, as JSON.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type object = map[string]interface{}

// files is what a template sees as .Files.
type files string

func (chart files) Get(name string) string { return string(read(filepath.Join(string(chart), name))) }

func main() {
	arguments := os.Args[1:]
	onlyValues := arguments[0] == "--values"
	if onlyValues {
		arguments = arguments[1:]
	}
	release, chart, namespace := arguments[0], arguments[1], arguments[2]
	values := parse(filepath.Join(chart, "values.yaml"))
	for _, file := range arguments[3:] {
		values = merge(values, parse(file))
	}
	if onlyValues {
		check(json.NewEncoder(os.Stdout).Encode(values))
		return
	}

	described := object{}
	for key, value := range parse(filepath.Join(chart, "Chart.yaml")) {
		described[strings.ToUpper(key[:1])+key[1:]] = value
	}
	data := object{
		"Values":  values,
		"Chart":   described,
		"Release": object{"Name": release, "Namespace": namespace, "Service": "Helm"},
		"Files":   files(chart),
	}
	render(filepath.Join(chart, "templates"), data)
}

func render(folder string, data object) {
	all := template.New("chart").Option("missingkey=zero")
	all.Funcs(sprig.TxtFuncMap()).Funcs(template.FuncMap{
		"include": func(name string, data interface{}) (string, error) {
			var text bytes.Buffer
			err := all.ExecuteTemplate(&text, name, data)
			return text.String(), err
		},
		"toYaml": func(value interface{}) (string, error) {
			text, err := yaml.Marshal(value)
			return strings.TrimSuffix(string(text), "\n"), err
		},
		"fromYaml": func(text string) (object, error) {
			value := object{}
			return value, yaml.Unmarshal([]byte(text), &value)
		},
	})

	names, err := filepath.Glob(filepath.Join(folder, "*"))
	check(err)
	for _, name := range names {
		_, err = all.New(filepath.Base(name)).Parse(string(read(name)))
		check(err)
	}
	for _, name := range names {
		if filepath.Ext(name) == ".yaml" {
			fmt.Println("---")
			check(all.ExecuteTemplate(os.Stdout, filepath.Base(name), data))
			fmt.Println()
		}
	}
}

// merge puts what stands in over into base: objects field by field, and all else as a whole.
func merge(base, over object) object {
	for key, value := range over {
		inner, isObject := value.(object)
		if before, wasObject := base[key].(object); isObject && wasObject {
			base[key] = merge(before, inner)
		} else {
			base[key] = value
		}
	}
	return base
}

func parse(file string) object {
	value := object{}
	check(yaml.UnmarshalStrict(read(file), &value))
	return value
}

func read(file string) []byte {
	text, err := os.ReadFile(file)
	check(err)
	return text
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
