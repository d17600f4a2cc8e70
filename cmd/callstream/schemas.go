package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"callstream/internal/avro"
	"callstream/internal/config"
	"callstream/schemas"
)

func schemasCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schemas",
		Short: "Print, check or register the Avro schemas",
		Example: `  callstream schemas print CallCompleted
  SCHEMA_REGISTRY_URL=http://localhost:8081 callstream schemas check
  SCHEMA_REGISTRY_URL=http://localhost:8081 callstream schemas register`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q; see callstream schemas --help", args[0])}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(schemasPrint(), schemasCheck(), schemasRegister())
	return cmd
}

func schemasPrint() *cobra.Command {
	return &cobra.Command{
		Use:     "print [NAME ...]",
		Short:   "Print schemas: all, or those named",
		Example: "  callstream schemas print\n  callstream schemas print CallCompleted > call-completed.avsc",
		RunE: func(c *cobra.Command, names []string) error {
			var known []string
			for _, s := range schemas.All() {
				known = append(known, s.Name)
			}
			if len(names) == 0 {
				names = known
			}
			for _, name := range names {
				s, ok := schemas.ByName(name)
				if !ok {
					return usageError{fmt.Errorf("no schema %q; there are %s", name, strings.Join(known, ", "))}
				}
				fmt.Fprintln(c.OutOrStdout(), strings.TrimSpace(s.Source))
			}
			return nil
		},
	}
}

var errNoRegistry = errors.New("SCHEMA_REGISTRY_URL is not set: name the registry to ask")

func registryFromEnvironment() (*avro.Registry, error) {
	cfg, err := config.LoadKafka(nil)
	if err != nil {
		return nil, err
	}
	registry, err := openRegistry(cfg)
	if err == nil && registry == nil {
		return nil, usageError{errNoRegistry}
	}
	return registry, err
}

func schemasCheck() *cobra.Command {
	return &cobra.Command{
		Use:     "check",
		Short:   "Check how the event schemas stand in the registry; change nothing",
		Example: "  SCHEMA_REGISTRY_URL=http://localhost:8081 callstream schemas check",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			registry, err := registryFromEnvironment()
			if err != nil {
				return err
			}
			if !printSubjects(c.OutOrStdout(), registry.Check(c.Context())) {
				return errors.New("the registry would refuse a schema, or could not be asked")
			}
			return nil
		},
	}
}

func schemasRegister() *cobra.Command {
	return &cobra.Command{
		Use:     "register",
		Short:   "Register the event schemas, after a compatibility check",
		Example: "  SCHEMA_REGISTRY_URL=http://localhost:8081 callstream schemas register",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			registry, err := registryFromEnvironment()
			if err != nil {
				return err
			}
			subjects, err := registry.Register(c.Context())
			printSubjects(c.OutOrStdout(), subjects)
			return err
		},
	}
}

// printSubjects prints a line a subject and reports whether all is well.
func printSubjects(out io.Writer, subjects []avro.SubjectResult) bool {
	well := true
	for _, s := range subjects {
		id := "not registered"
		if s.ID != 0 {
			id = fmt.Sprintf("ID %d", s.ID)
		}
		level := s.Level
		if level == "" {
			level = "the registry's own level"
		}
		fmt.Fprintf(out, "%s  %s  %s, %s\n", s.Subject, s.Schema, id, level)
		for _, p := range s.Problems {
			well = false
			fmt.Fprintf(out, "  %s\n", p)
		}
	}
	return well
}
