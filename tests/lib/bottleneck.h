/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bulk flows through one bottleneck in virtual time: two engines, an impairment wrapper between
 * them (rate, buffer, delay, losses, marks), as many connections as wanted from the one to the
 * other, which have more to send than will ever fit. What is measured is what arrives in order at
 * the other end's application.
 *
 *	sender - monitor (- narrow link) - impairment - memory pair - monitor - receiver
 */
#ifndef TESTS_LIB_BOTTLENECK_H
#define TESTS_LIB_BOTTLENECK_H

#include <stdbool.h>
#include <stdint.h>

#include <septet/septet.h>

#define BOTTLENECK_FLOWS 16

struct bottleneck_config {
	uint64_t seed;
	struct spt_impair forward, back; /* from the sender, and what comes back to it */
	struct spt_conn_options sender;  /* buffers of 0 are of a size that limits nothing */
	struct spt_conn_options receiver;
	unsigned int flows; /* 0 = 1 */
	spt_time stagger;   /* a flow opens so long after the one before */
	spt_time warm_up;   /* does not count */
	spt_time run;       /* what counts, after that */
	/* Called so often from the beginning, once for each flow that is open. 0: never. */
	spt_time sample_every;
	void (*sample)(
	    void *arg, spt_time since, unsigned int flow, const struct spt_conn_info *info);
	void *arg;
	uint16_t mtu;               /* of the line; 0 = 1500 */
	struct port_narrow *narrow; /* a smaller one on the way forward; NULL: none */
	bool unwatched;             /* no monitors: for long runs at high rates */
	/* A line that holds more than usual: mbufs of each end, and of them in queues; 0: as ever.
	 */
	uint32_t pool, pinned;
};

struct bottleneck_result {
	uint64_t delivered[BOTTLENECK_FLOWS]; /* bytes of each flow, after the warm-up */
	uint64_t total;                       /* of all */
	uint64_t goodput_bps;
	struct spt_impair_stats forward;
	struct spt_stats sender, receiver;
	uint32_t receive_buffer;  /* of the first flow at the end */
	spt_time longest_silence; /* between two deliveries of a flow, after the warm-up */
};

/* Run it. Returns false after printing why. 'what' names the run in that print. */
bool bottleneck_run(
    const struct bottleneck_config *config, const char *what, struct bottleneck_result *result);

/* Jain's index of n shares: 1 where all are equal, 1 / n where one has everything. */
double bottleneck_jain(const uint64_t *shares, unsigned int n);

#endif
