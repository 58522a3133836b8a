/* SPDX-License-Identifier: BSD-3-Clause */
/* The situations in which the calls of the matrix are made: the states, and what they hold. */
#ifndef TESTS_MATRIX_SITUATIONS_H
#define TESTS_MATRIX_SITUATIONS_H

#include <septet/septet.h>

#define SITUATIONS_MAX 100

/*
 * How a situation comes about. E: established, by either opening. o: OPEN and a turn; Y, y: the
 * peer's SYN, SYN-ACK; k, z: it acknowledges all, z: with a window of 0. s: SEND; x: the send
 * buffer is filled; h, c, b: SHUTDOWN, CLOSE, ABORT. d, D, g, u: the peer's text, a window full,
 * behind a gap, urgent; f, F: its FIN, F: acknowledges all. w: no event is taken from here on. t:
 * two seconds.
 */
struct situation {
	const char *name;
	enum spt_state state;
	const char *steps;
};

extern const struct situation situations[];
extern const unsigned int n_situations;

#endif
