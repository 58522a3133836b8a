/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The axes of the matrix, the segment that a cell stands for, and which combinations cannot be:
 * each of those is excluded by a rule with a reason, and counted.
 */
#ifndef TESTS_MATRIX_CELLS_H
#define TESTS_MATRIX_CELLS_H

#include "oracle.h"

/* X(NAME, "name", flags) */
#define CELL_KINDS(X)                                                                              \
	X(ACK, "ACK", P_ACK)                                                                       \
	X(FIN_ACK, "FIN,ACK", P_FIN | P_ACK)                                                       \
	X(FIN, "FIN", P_FIN)                                                                       \
	X(RST, "RST", P_RST)                                                                       \
	X(RST_ACK, "RST,ACK", P_RST | P_ACK)                                                       \
	X(SYN, "SYN", P_SYN)                                                                       \
	X(SYN_DATA, "SYN with data", P_SYN)                                                        \
	X(SYN_FIN, "SYN,FIN", P_SYN | P_FIN)                                                       \
	X(SYN_ACK, "SYN,ACK", P_SYN | P_ACK)                                                       \
	X(NONE, "no flag", 0)                                                                      \
	X(ALL, "all flags", P_FIN | P_SYN | P_RST | P_PSH | P_ACK | P_URG | P_ECE | P_CWR)         \
	X(URG_ACK, "URG,ACK", P_URG | P_ACK)

/* SEG.SEQ */
#define CELL_SEQS(X)                                                                               \
	X(LEFT, "RCV.NXT")                                                                         \
	X(NEXT, "RCV.NXT+1")                                                                       \
	X(INSIDE, "inside the window")                                                             \
	X(RIGHT, "RCV.NXT+RCV.WND-1")                                                              \
	X(BELOW, "RCV.NXT-1")                                                                      \
	X(FAR_BELOW, "RCV.NXT-5")                                                                  \
	X(ABOVE, "RCV.NXT+RCV.WND")                                                                \
	X(FAR_ABOVE, "RCV.NXT+2^31-1")

/* SEG.ACK */
#define CELL_ACKS(X)                                                                               \
	X(ABSENT, "absent")                                                                        \
	X(BELOW, "the oldest, -1")                                                                 \
	X(OLDEST, "SND.UNA-MAX.SND.WND or ISS")                                                    \
	X(OLD, "SND.UNA-1")                                                                        \
	X(UNA, "SND.UNA")                                                                          \
	X(PART, "part of what is in flight, all but our FIN")                                      \
	X(NXT, "SND.NXT: all, our SYN and FIN too")                                                \
	X(ABOVE, "SND.NXT+1")

#define CELL_TEXTS(X)                                                                              \
	X(EMPTY, "no text")                                                                        \
	X(WITHIN, "text inside")                                                                   \
	X(OUTSIDE, "text outside")                                                                 \
	X(OVER_LEFT, "text over the left edge")                                                    \
	X(OVER_RIGHT, "text over the right edge")                                                  \
	X(OVER_BOTH, "text over both edges")

enum cell_kind {
#define X(name, text, flags) KIND_##name,
	CELL_KINDS(X)
#undef X
	    KINDS
};
enum cell_seq {
#define X(name, text) SEQ_##name,
	CELL_SEQS(X)
#undef X
	    SEQS
};
enum cell_ack {
#define X(name, text) ACK_##name,
	CELL_ACKS(X)
#undef X
	    ACKS
};
enum cell_text {
#define X(name, text) TEXT_##name,
	CELL_TEXTS(X)
#undef X
	    TEXTS
};

struct cell {
	enum cell_kind kind;
	enum cell_seq seq;
	enum cell_ack ack;
	enum cell_text text;
};

/* Why a cell cannot be. */
enum exclusion {
	EXCLUDED_NOT, /* it can */
	EXCLUDED_NO_ACK_FIELD,
	EXCLUDED_ACK_FIELD,
	EXCLUDED_SYN_DATA,
	EXCLUDED_NOTHING_SENT,
	EXCLUDED_NO_WINDOW_SEEN,
	EXCLUDED_NOT_IN_FLIGHT,
	EXCLUDED_NO_PART,
	EXCLUDED_NO_EDGES,
	EXCLUDED_NO_INSIDE,
	EXCLUDED_GEOMETRY,
	EXCLUSIONS
};

const char *exclusion_text(enum exclusion why);

#define CELLS (KINDS * SEQS * ACKS * TEXTS)

struct cell cell_number(unsigned int n);
/* "ACK; SEQ RCV.NXT; ACK SND.UNA; no text" into 'name'. Returns name. */
char *cell_name(const struct cell *c, char name[200]);

/*
 * The segment of this cell for a connection with these variables; of one that has none,
 * sequence numbers are around 'base'. Or why it cannot be.
 */
enum exclusion cell_segment(
    const struct cell *c, const struct tcb *t, uint32_t base, struct arrival *seg);

#endif
