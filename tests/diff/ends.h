/* SPDX-License-Identifier: BSD-3-Clause */
/* The two ends that hold the same conversations: an engine of septet, and the kernel. */
#ifndef TESTS_DIFF_ENDS_H
#define TESTS_DIFF_ENDS_H

#include "talk.h"

#define ENDS_SERVICE 7000  /* the port of the end when it is opened */
#define ENDS_PORT    10000 /* the first of the peer's */
#define ENDS_PORTS   40000

/* Those of scripts/lab.sh. */
struct spt_addr ends_local(bool ipv6);
/* Fills in both endpoints of a talk. */
void ends_address(struct talk *t, uint16_t peer_port);

/* All of it in virtual time; 't' is to be finished by the caller. */
void engine_converse(struct talk *t, const struct conversation *c);

/* A TUN device that is there already, in the namespace of this process. Ends it on failure. */
void kernel_begin(const char *interface);
/* 'n' conversations at once, in real time. */
void kernel_converse(struct talk *t, const struct conversation *c, unsigned int n);
void kernel_end(void);

#endif
