package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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
		Args: knownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(schemasPrint(),
		atRegistry("check", "Check how the event schemas stand in the registry; change nothing",
			func(ctx context.Context, registry *avro.Registry, out io.Writer) error {
				if !printSubjects(out, registry.Check(ctx)) {
					return errors.New("the registry would refuse a schema, or could not be asked")
				}
				return nil
			}),
		atRegistry("register", "Register the event schemas, after a compatibility check",
			func(ctx context.Context, registry *avro.Registry, out io.Writer) error {
				subjects, err := registry.Register(ctx)
				printSubjects(out, subjects)
				return err
			}))
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

// atRegistry is a command that does something at the registry of the
// environment.
func atRegistry(name, short string, do func(context.Context, *avro.Registry, io.Writer) error) *cobra.Command {
	return &cobra.Command{
		Use:     name,
		Short:   short,
		Example: "  SCHEMA_REGISTRY_URL=http://localhost:8081 callstream schemas " + name,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.LoadKafka(nil)
			if err != nil {
				return err
			}
			registry, err := openRegistry(cfg, cfg.Logger(os.Stderr))
			if err != nil {
				return err
			}
			if registry == nil {
				return usageError{errors.New("SCHEMA_REGISTRY_URL is not set: name the registry to ask")}
			}
			return do(c.Context(), registry, c.OutOrStdout())
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
		fmt.Fprintf(out, "%s  %s  %s, %s\n", s.Subject, s.Schema, id, cmp.Or(s.Level, "the registry's own level"))
		for _, p := range s.Problems {
			well = false
			fmt.Fprintf(out, "  %s\n", p)
		}
	}
	return well
}
