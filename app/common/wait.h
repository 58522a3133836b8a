/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the thread beside the cores waits: for a signal, or until a time. Signals are blocked in
 * every thread and taken there, so that no handler runs anywhere.
 */
#ifndef SPT_APP_WAIT_H
#define SPT_APP_WAIT_H

#include <signal.h>

#include <septet/types.h>

/* The signals that end a program in order. */
void wait_signals(sigset_t *signals);

/* Block them in this thread and those that it will start; once, at the program's beginning. */
void wait_block_signals(void);

/* For the thread that waits: block all others too. */
void wait_block_all(void);

spt_time wait_now(void);

/* Wait for one of 'signals' until 'until'; 0 is none. */
int wait_until(const sigset_t *signals, spt_time until);

#endif
