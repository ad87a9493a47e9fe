// Package deploy holds what an operator installs beside the program: alarm rules
// and a scrape configuration for Prometheus, a dashboard for Grafana, the unit for
// systemd and the recipe of a container image. Its tests hold each of them
// against the real program and against the tool that reads it.
package deploy
