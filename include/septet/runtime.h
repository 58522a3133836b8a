/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The runtime: EAL, ports by name, an engine for each queue of each port and the loops that turn
 * them. A program describes its ports and gives four functions; the runtime
 * reads the clock, draws the secret, and carries requests from other threads
 * into the loops.
 *
 *	spt_port_spec_parse();          what is the port?
 *	spt_eal_start();                DPDK, chosen for these ports
 *	spt_runtime_create();           pools, ports, engines
 *	spt_privileges_drop();          what was needed for that, and no more
 *	spt_runtime_run();              the loops; returns after spt_runtime_stop
 *	spt_runtime_destroy();          and what was leaked
 *	spt_eal_stop();
 *
 * Errors are negative errno values with one line for the user in 'error'.
 */
#ifndef SEPTET_RUNTIME_H
#define SEPTET_RUNTIME_H

#include <stddef.h>

#include <septet/septet.h>

/* ---- ports by name ------------------------------------------------------ */

enum spt_port_kind {
	SPT_PORT_TAP,
	SPT_PORT_AF_PACKET,
	SPT_PORT_AF_XDP,
	SPT_PORT_MEMIF,
	SPT_PORT_VHOST,
	SPT_PORT_VIRTIO_USER,
	SPT_PORT_PCI,
	SPT_PORT_VDEV,
	SPT_PORT_MEMORY, /* no device: each engine is joined in memory with a peer engine */
};

struct spt_port_spec {
	enum spt_port_kind kind;
	char text[128]; /* as the user wrote it */
	/* Interface, socket path, PCI address in full, or the name of a device of DPDK's. */
	char device[64];
	char driver[24];    /* its devices are numbered by position; empty: 'device' is the name */
	char argument[256]; /* what EAL is told behind the name, from a comma on */
	bool virtual_port;  /* not a NIC: its loop may nap */
};

/*
 * "tap:NAME", "af_packet:IFACE", "af_xdp:IFACE", "memif:SOCKET[,role=server]",
 * "vhost:PATH", "virtio_user:PATH", "pci:ADDRESS", "vdev:DPDK-DEVICE-STRING" or "memory".
 * 0 or -EINVAL.
 */
int spt_port_spec_parse(
    const char *text, struct spt_port_spec *spec, char *error, size_t error_size);

/*
 * Can this port be had here, as this user? 0, -ENODEV (no such interface or path), -EPERM.
 * Asked before EAL starts, since a driver's own message says less.
 */
int spt_port_spec_check(const struct spt_port_spec *spec, char *error, size_t error_size);

#define SPT_PORTS 8 /* of a runtime at most */

/* A port, and who we are behind it. */
struct spt_runtime_port {
	struct spt_port_spec spec;
	uint16_t mtu;                           /* 0 = 1500 */
	uint16_t vlan;                          /* 802.1Q: 1 .. 4094; 0: untagged frames */
	bool merge;                             /* received segments: spt_port_merge_create */
	const struct spt_impair_config *impair; /* NULL: none */
	bool no_tso; /* no large sends, also where the device cuts them into segments */
	const struct spt_local *local;
	unsigned int n_local;
	struct spt_addr gateway4, gateway6; /* all zero: none */
};

/* ---- EAL ---------------------------------------------------------------- */

struct spt_eal_config {
	const struct spt_runtime_port
	    *port; /* the same, in the same order, that the runtime gets */
	unsigned int n_ports;
	unsigned int cores; /* lcores wanted; 0 = 1, for a memory port 2 where there are two */
	const char *lcores; /* EAL's --lcores; NULL: the first processors that we may use */
	uint32_t mbufs;     /* that the pools of all engines of all ports will hold */
	char *const *extra; /* more arguments for EAL */
	unsigned int n_extra;
};

struct spt_eal_info {
	bool hugepages;
	unsigned int cores; /* lcores that EAL has */
	char summary[192];  /* one line: which memory, and why */
};

/* Once in a process. 0, -EINVAL, -ENOMEM or what EAL said. */
int spt_eal_start(
    const struct spt_eal_config *config, struct spt_eal_info *info, char *error, size_t error_size);

/* Give everything back to EAL and remove its run-time directory. */
void spt_eal_stop(void);

/* ---- cores -------------------------------------------------------------- */

/* What a program does on each core; 'state' is what 'start' returned for that core. */
struct spt_core_ops {
	/*
	 * Before the loops run, one core after another, on the creating thread. 'port' is the index
	 * of the core's port in the configuration; of a peer's 0.
	 */
	int (*start)(void *app, unsigned int core, unsigned int port, struct spt_engine *engine,
	    spt_time now, void **state, char *error, size_t error_size);
	/* Once a turn, n may be 0. False ends this core's loop. */
	bool (*turn)(void *state, spt_time now, const struct spt_event *events, unsigned int n);
	/* Asked to end by 'deadline': 'turn' says when that is done. */
	void (*stop)(void *state, spt_time now, spt_time deadline);
	/* After the loops, while the engine still exists: free what the program holds. */
	void (*finish)(void *state);
};

/*
 * A runtime has engines of up to two roles. Those that the program is about are its own. Only a
 * memory port has peers: each engine is joined with one, in the same process. With at least two
 * lcores for a pair each of both has its own, else they take turns on one.
 * Of devices lcore i turns queue i of each port that has so many, one after another.
 * Cores are numbered: engines first, all of port 0, then all of port 1 and so on; then as many
 * peers.
 */
enum spt_role { SPT_ROLE_OWN, SPT_ROLE_PEER };

struct spt_runtime_config {
	const struct spt_runtime_port *port; /* a memory port must be the only one */
	unsigned int n_ports;
	/*
	 * Wanted for each port: its queues; 0 = one for each lcore, of a memory port one for two
	 * lcores (at least one).
	 */
	unsigned int engines;
	uint32_t mbufs; /* for each engine */
	/*
	 * One core's; local, n_local and the gateways are filled in from its port, pool, socket,
	 * master_secret and wall_offset by the runtime.
	 */
	struct spt_config engine;
	const struct spt_core_ops *ops;
	void *app;
	/*
	 * Put a port of the program's around that of own core 'core', outside of all others: what
	 * takes the place of '*port' owns it. Called before 'start', with the pool of the core's
	 * engine. 0, or a negative errno with a line; '*port' is then as it was. NULL: nothing is
	 * put there.
	 */
	int (*wrap_port)(void *app, unsigned int core, unsigned int port_index,
	    struct rte_mempool *pool, struct spt_port **port, char *error, size_t error_size);
	/* The other ends of a memory port, with addresses of their own; 'mbufs' is the same. */
	struct spt_config peer_engine;
	const struct spt_core_ops *peer_ops;
	void *peer_app;
	bool idle_sleep; /* nap up to 100 us when nothing happens */
};

/* Who finds the engine of a flow on a device with several queues. */
enum spt_steering {
	SPT_STEERING_NONE,     /* one engine: nobody needs to */
	SPT_STEERING_CHECKED,  /* the device claims RSS; the first frames are being compared */
	SPT_STEERING_DEVICE,   /* they arrived where they should */
	SPT_STEERING_SOFTWARE, /* the device has no RSS, or they did not: rings between the cores */
};

struct spt_runtime_port_info {
	char text[128];             /* as the user wrote it */
	unsigned int core;          /* the first of its engines */
	unsigned int engines;       /* own ones: its queues */
	uint8_t mac[6];             /* the engines' */
	enum spt_steering steering; /* at this moment */
	char steering_line[256];    /* the same for the user, and why; empty with one engine */
	struct spt_ethdev_info device;
};

struct spt_runtime_info {
	unsigned int engines; /* own ones, of all ports */
	unsigned int peers;
	unsigned int lcores;  /* that they run on */
	uint64_t table_bytes; /* of all engines */
	uint64_t mbuf_bytes;  /* of all pools */
	uint32_t mbufs;       /* of all pools */
	unsigned int n_ports;
	struct spt_runtime_port_info port[SPT_PORTS];
};

struct spt_runtime;

int spt_runtime_create(const struct spt_runtime_config *config, struct spt_runtime **runtime,
    char *error, size_t error_size);
void spt_runtime_info(const struct spt_runtime *runtime, struct spt_runtime_info *info);

/* The loops, the calling thread's (EAL's main lcore) among them. Returns when all have ended. */
void spt_runtime_run(struct spt_runtime *runtime);

struct spt_runtime_leaks {
	unsigned int mbufs;  /* not back in their pools after everything was destroyed */
	unsigned int driver; /* of others: kept by a driver that never gives them back */
};

/* After spt_runtime_run, or instead of it. NULL is allowed. */
void spt_runtime_destroy(struct spt_runtime *runtime, struct spt_runtime_leaks *leaks);

/* ---- ports without engines ----------------------------------------------------- */

struct rte_mempool;

/* For a program that passes frames on between devices, in a loop of its own. */
struct spt_open_ports {
	struct spt_port *port[SPT_PORTS]; /* one queue of each, whatever the frames' addresses */
	struct rte_mempool *pool;         /* of all of them: a frame goes from one to another */
	struct spt_runtime_info info;
};

/*
 * Open devices, whose VLAN and 'impair' are not looked at; of all the MTU is the first one's. After
 * spt_eal_start, for n_ports <= SPT_PORTS and no memory port. 0, or a negative errno with a line.
 */
int spt_ports_open(const struct spt_runtime_port *port, unsigned int n_ports, uint32_t mbufs,
    struct spt_open_ports *open, char *error, size_t error_size);

/* 'open->port' are destroyed, but for those that are NULL, and so is the pool. */
void spt_ports_close(struct spt_open_ports *open, struct spt_runtime_leaks *leaks);

/* ---- privileges ---------------------------------------------------------- */

/*
 * Can 'user' be become with these ports (spt_privileges_drop)? Asked before EAL starts. 0, -EINVAL
 * (no such user; a port needs privileges while it runs) or -EPERM (who is not root cannot).
 */
int spt_privileges_check(const struct spt_runtime_port *port, unsigned int n_ports,
    const char *user, char *error, size_t error_size);

/*
 * Become 'user', with all threads and for good: no capabilities, no_new_privs, no way back. NULL:
 * who called sudo, else nobody; where a port needs privileges while it runs (af_xdp, memif, vhost,
 * virtio_user) NULL keeps them. "root" as root keeps them. Who is not root, or is it in a user
 * namespace of its own or without the capabilities to become somebody (CAP_SETUID, CAP_SETGID,
 * CAP_CHOWN), gives up the capabilities only, and stays. After spt_runtime_create and before
 * spt_runtime_run. 'line' says what was done, or why not. 0, or a negative errno; then some
 * may be given up and others not, so that it is better to end.
 */
int spt_privileges_drop(const struct spt_runtime_port *port, unsigned int n_ports, const char *user,
    char *line, size_t line_size, char *error, size_t error_size);

/* ---- from other threads ------------------------------------------------- */

/*
 * End every loop; the program's 'stop' gets now + grace. Peers are asked when the last of the
 * own loops has ended: they serve those until then. 0, or -EBUSY: already asked.
 */
int spt_runtime_stop(struct spt_runtime *runtime, spt_time grace);

struct spt_runtime_snapshot {
	spt_time now;
	/*
	 * Time since the loop began, and of it the turns in which frames or events moved. Added up
	 * over engines that take turns on an lcore its time counts once: busy / elapsed is a load.
	 */
	spt_time elapsed, busy;
	struct spt_stats stats;
	struct spt_port_stats port;
	struct spt_defence defence; /* of several engines: on if one's is, the earliest of those */
};

/*
 * Statistics of one engine, taken by its core between two turns. 0, -EINVAL,
 * -ETIMEDOUT (its loop did not answer) or -EBUSY (nor has it answered an earlier request).
 * After the loops have ended: what was true then.
 */
int spt_runtime_snapshot(
    struct spt_runtime *runtime, unsigned int core, struct spt_runtime_snapshot *snapshot);

/* The same of all engines of a role, added up. */
int spt_runtime_snapshot_sum(
    struct spt_runtime *runtime, enum spt_role role, struct spt_runtime_snapshot *snapshot);

/* The same of a port's own engines, added up. -EINVAL: no such port. */
int spt_runtime_snapshot_port(
    struct spt_runtime *runtime, unsigned int port, struct spt_runtime_snapshot *snapshot);

/*
 * Call 'function' with the state of a core (what 'start' returned), on its thread, between two
 * turns; wait until it has returned. Once the loop has ended it is called on the caller's thread.
 * 0; -EINVAL: no such core; -EBUSY: an earlier call is unanswered; -ETIMEDOUT: the core did not
 * answer within a quarter of a second, it will call yet: 'argument' must live on.
 */
int spt_runtime_call(struct spt_runtime *runtime, unsigned int core,
    void (*function)(void *state, spt_time now, void *argument), void *argument);

/* Cycles of the clock in a second: what turns busy time into cycles. */
uint64_t spt_runtime_hz(void);

#endif
