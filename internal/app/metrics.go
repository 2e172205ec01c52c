package app

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"droits.example/droits/internal/edge"
	"droits.example/droits/internal/fault"
	"droits.example/droits/internal/identity"
	"droits.example/droits/internal/partner"
	"droits.example/droits/internal/trace"
)

// metrics holds the counters of one instance. Every label takes its values
// from a closed list, so that the number of series is bounded.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	tokens   *prometheus.CounterVec
	entries  prometheus.Counter
	commits  *prometheus.CounterVec
	batch    prometheus.Histogram
	sendings *prometheus.CounterVec
	reloads  *prometheus.CounterVec
	alarms   *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "droits_requests_total", Help: "Requests answered, by route, status and error code."}, []string{"route", "status", "code"}),
		seconds:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "droits_request_seconds", Help: "Time to answer.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}, []string{"route"}),
		tokens:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "droits_token_checks_total", Help: "Token checks, by protocol version and outcome."}, []string{"profile", "outcome"}),
		entries:  prometheus.NewCounter(prometheus.CounterOpts{Name: "droits_trace_entries_total", Help: "Entries made durable."}),
		commits:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "droits_trace_commits_total", Help: "Commits of traces, by outcome."}, []string{"outcome"}),
		batch:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: "droits_trace_batch_entries", Help: "Entries in one commit.", Buckets: prometheus.ExponentialBuckets(1, 2, 9)}),
		alarms:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "droits_alarms_total", Help: "Unusual uses of keys, by kind."}, []string{"kind"}),
		reloads:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "droits_tls_reloads_total", Help: "Files of TLS read anew after a change, by outcome."}, []string{"outcome"}),
		sendings: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "droits_messages_total", Help: "Attempts to send a message, by channel and outcome."}, []string{"channel", "outcome"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.tokens, m.entries, m.commits, m.batch, m.sendings, m.reloads, m.alarms,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) request(e *edge.Event) {
	m.requests.WithLabelValues(e.Route, strconv.Itoa(e.Status), e.Code).Inc()
	m.seconds.WithLabelValues(e.Route).Observe(e.Duration.Seconds())
}

func (m *metrics) token(p identity.Profile, outcome string, _ time.Duration) {
	m.tokens.WithLabelValues(string(p), outcome).Inc()
}

func (m *metrics) alarm(k partner.Alarm) { m.alarms.WithLabelValues(string(k)).Inc() }

// ledger counts what passes to a ledger.
func (m *metrics) ledger(l trace.Ledger, clock func() time.Time) trace.Ledger {
	return countedLedger{l, m}
}

type countedLedger struct {
	next trace.Ledger
	m    *metrics
}

func (c countedLedger) Commit(ctx context.Context, batch []*trace.Pending) error {
	err := c.next.Commit(ctx, batch)
	if err != nil {
		c.m.commits.WithLabelValues("failed").Inc()
		return err
	}
	c.m.commits.WithLabelValues("durable").Inc()
	c.m.entries.Add(float64(len(batch)))
	c.m.batch.Observe(float64(len(batch)))
	return nil
}

// Internal is the handler of health and metrics: /healthz says that the
// process lives, /readyz that it can serve, /readyz/{dependency} how one
// dependency is. What is none of these is answered with a problem.
func (a *App) Internal() http.Handler {
	probes := map[string]func(context.Context) error{
		"store":         a.Store.Ping,
		"trace":         a.Store.PingWriter,
		"franceconnect": a.Verifier.Ping,
	}
	m := http.NewServeMux()
	lost := a.Edge.Refuse("internal", fault.RessourceInconnue)
	m.Handle("/", lost)
	m.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {
		health(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	m.HandleFunc("/readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
		defer cancel()
		out, status := map[string]string{"status": "ok"}, http.StatusOK
		for name, probe := range probes {
			out[name] = "ok"
			if probe(ctx) == nil {
				continue
			}
			if out[name] = "bad_gateway"; name != "franceconnect" { // without it we answer 502, which is an answer
				out["status"], status = "unavailable", http.StatusServiceUnavailable
			}
		}
		if out["heads"] = "ok"; !a.heads.Load() {
			out["heads"] = "late" // calls go on; receipts of what is new wait
		}
		health(w, status, out)
	})
	m.HandleFunc("/readyz/{dependency}", func(w http.ResponseWriter, r *http.Request) {
		probe, ok := probes[r.PathValue("dependency")]
		if !ok {
			lost.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
		defer cancel()
		if probe(ctx) != nil {
			health(w, http.StatusBadGateway, map[string]string{"status": "bad_gateway"})
			return
		}
		health(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	m.Handle("/metrics", promhttp.HandlerFor(a.metrics.registry, promhttp.HandlerOpts{}))
	forbidden := a.Edge.Refuse("internal", fault.MethodeNonPermise)
	return a.Edge.Wrap(a.Edge.Handle("internal", func(w *edge.Writer, r *http.Request) error {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			forbidden.ServeHTTP(w, r)
			return nil
		}
		m.ServeHTTP(w, r)
		return nil
	}))
}

func health(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
