package main

import (
	"fmt"
	"net/url"
)

type productCommand struct {
	Pause  productPauseCommand  `cmd:"" help:"Answer 89 for charges of a product."`
	Resume productResumeCommand `cmd:"" help:"Let charges of a product be paid again."`
}

// productCode is the argument of the commands about a product.
type productCode struct {
	Code string `arg:"" help:"ProductCode."`
}

// Validate refuses what no charge can carry: pausing it would pause nothing.
func (p productCode) Validate() error {
	if !productCodePattern.MatchString(p.Code) {
		return fmt.Errorf("product code %q: want 1 to 10 letters and digits", p.Code)
	}
	return nil
}

type productPauseCommand struct{ productCode }

// Help shows an example.
func (productPauseCommand) Help() string {
	return "Retries of booked payments, and reversals, go on.\n\nExample:\n  paypoint product pause 123000"
}

// Run pauses a product.
func (c *productPauseCommand) Run(s *session) error {
	return s.flip("PUT", "/operator/v1/products/"+url.PathEscape(c.Code)+"/pause", "product "+c.Code+" is paused")
}

type productResumeCommand struct{ productCode }

// Help shows an example.
func (productResumeCommand) Help() string {
	return "Example:\n  paypoint product resume 123000"
}

// Run resumes a product.
func (c *productResumeCommand) Run(s *session) error {
	return s.flip("DELETE", "/operator/v1/products/"+url.PathEscape(c.Code)+"/pause", "product "+c.Code+" is payable")
}

type maintenanceCommand struct {
	On  maintenanceOnCommand  `cmd:"" help:"Answer 90 to inquiries and new payments; retries and reversals go on."`
	Off maintenanceOffCommand `cmd:"" help:"End maintenance."`
}

type maintenanceOnCommand struct{}

// Help shows an example.
func (maintenanceOnCommand) Help() string {
	return "Example:\n  paypoint maintenance on"
}

// Run begins maintenance.
func (c *maintenanceOnCommand) Run(s *session) error {
	return s.flip("PUT", "/operator/v1/maintenance", "maintenance is on: inquiries and new payments get 90")
}

type maintenanceOffCommand struct{}

// Help shows an example.
func (maintenanceOffCommand) Help() string {
	return "Example:\n  paypoint maintenance off"
}

// Run ends maintenance.
func (c *maintenanceOffCommand) Run(s *session) error {
	return s.flip("DELETE", "/operator/v1/maintenance", "maintenance is off")
}

// flip sends a switch and says how it stands.
func (s *session) flip(method, path, done string) error {
	return ask(s, method, path, nil, func(state map[string]bool) error {
		s.printf("%s\n", done)
		return nil
	})
}
