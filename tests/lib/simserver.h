/* SPDX-License-Identifier: BSD-3-Clause */
/* The application over the engine in a simulation: a stream each way for each connection. */
#ifndef TESTS_LIB_SIMSERVER_H
#define TESTS_LIB_SIMSERVER_H

#include "sim.h"

#define SIMSERVER_SEED_CLIENT(i) (2 * (i) + 1)
#define SIMSERVER_SEED_SERVER(i) (2 * (i) + 2)
#define SIMSERVER_FIRST_PORT     10000

struct simserver;

/* Listens with the engine. Never NULL. */
struct simserver *simserver_create(
    struct spt_engine *engine, const struct sim_config *config, spt_time now);
void simserver_destroy(struct simserver *s); /* NULL is allowed */

/* A turn of the engine and of the application. Returns whether anything happened. */
bool simserver_poll(struct simserver *s, spt_time now);
spt_time simserver_next_deadline(const struct simserver *s);
uint64_t simserver_progress(const struct simserver *s);

/* Connection i was closed in order. */
bool simserver_over(const struct simserver *s, unsigned int i);
/* The first thing that went wrong, or NULL. */
const char *simserver_error(const struct simserver *s);
const char *simserver_text(const struct simserver *s, unsigned int i); /* static storage */

#endif
