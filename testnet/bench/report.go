package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ReportFile is the page's name in the folder of a report.
const ReportFile = "report.html"

// Report is what a run measured.
type Report struct {
	// Version of the program.
	Version string
	Results []Result
	// Partial: the run is not over, or was ended before its time.
	Partial bool
}

// Failed is an error where something could not be measured.
func (r Report) Failed() error {
	var errs []error
	for _, res := range r.Results {
		if res.Refused != "" && !res.Partial {
			errs = append(errs, fmt.Errorf("not measured: %s: %s", res.Metric, res.Refused))
		}
	}
	return errors.Join(errs...)
}

// WriteReport writes the page and, for each metric, its results as a list in
// METRIC.json, into dir, which it makes where there is none.
func WriteReport(dir string, r Report) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	byMetric := make(map[string][]Result)
	for _, res := range r.Results {
		byMetric[res.Metric] = append(byMetric[res.Metric], res)
	}
	for name, results := range byMetric {
		b, err := json.MarshalIndent(results, "", "  ")
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
		if err := replace(filepath.Join(dir, name+".json"), append(b, '\n')); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	page, err := renderPage(r, r.versions())
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := replace(filepath.Join(dir, ReportFile), page); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// replace writes a file in one step, so that whoever reads it never sees half.
func replace(path string, content []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".bench-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(content)
	err = errors.Join(err, temp.Chmod(0o644), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		os.Remove(temp.Name())
	}
	return err
}
