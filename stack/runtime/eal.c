/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EAL's start: which memory, which cores, which devices, so that the ordinary case
 * needs no argument. Hugepages are used where enough are free; else memory without them,
 * each process under a file prefix of its own, so that several live side by side.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include <septet/runtime.h>

#include "core.h"

#define EAL_ARGS          96
#define EAL_ARG_SIZE      320
#define EAL_OVERHEAD      (UINT64_C(64) << 20) /* rings, queues and devices, beside the pools */
#define EAL_PORT_OVERHEAD (UINT64_C(8) << 20)  /* of these, for each port but the first */
#define EAL_HUGE_DIR      "/sys/kernel/mm/hugepages"
#define EAL_LCORE_LIST    256

/* rte_eal_init keeps pointers into its arguments: they live as long as the process. */
static struct {
	char text[EAL_ARGS][EAL_ARG_SIZE];
	char *argv[EAL_ARGS + 1];
	int argc;
	bool overflow;
} eal_args;

__attribute__((format(printf, 1, 2))) static void
eal_arg(const char *format, ...)
{
	va_list ap;
	int n;

	if (eal_args.argc == EAL_ARGS) {
		eal_args.overflow = true;
		return;
	}
	va_start(ap, format);
	n = vsnprintf(eal_args.text[eal_args.argc], EAL_ARG_SIZE, format, ap);
	va_end(ap);
	if (n < 0 || n >= EAL_ARG_SIZE)
		eal_args.overflow = true;
	eal_args.argv[eal_args.argc] = eal_args.text[eal_args.argc];
	eal_args.argc++;
}

/* Bytes in free huge pages of every size. */
static uint64_t
eal_free_hugepages(void)
{
	uint64_t bytes = 0, kib, pages;
	struct dirent *entry;
	char path[PATH_MAX];
	DIR *dir = opendir(EAL_HUGE_DIR);
	FILE *f;

	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		if (sscanf(entry->d_name, "hugepages-%" SCNu64 "kB", &kib) != 1)
			continue;
		snprintf(path, sizeof(path), EAL_HUGE_DIR "/%s/free_hugepages", entry->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fscanf(f, "%" SCNu64, &pages) == 1)
			bytes += pages * kib * 1024;
		fclose(f);
	}
	closedir(dir);
	return bytes;
}

static bool
eal_extra_has(const struct spt_eal_config *config, const char *argument)
{
	for (unsigned int i = 0; i < config->n_extra; i++)
		if (strcmp(config->extra[i], argument) == 0)
			return true;
	return false;
}

static unsigned int
eal_mib(uint64_t bytes)
{
	return (unsigned int)((bytes + (1 << 20) - 1) >> 20);
}

/* Bytes that the kernel could give without killing anybody; all there are if it does not say. */
static uint64_t
eal_available(void)
{
	uint64_t kib = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "r");

	if (!f)
		return UINT64_MAX;
	while (kib == 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %" SCNu64, &kib) != 1)
			kib = 0;
	fclose(f);
	return kib ? kib << 10 : UINT64_MAX;
}

/* Bytes that the pools take, which are of one size: each port has as many engines. */
static uint64_t
eal_need(const struct spt_eal_config *config, bool hugepages)
{
	uint32_t mbufs = (config->mbufs + config->n_ports - 1) / config->n_ports;
	uint64_t bytes = EAL_OVERHEAD + (config->n_ports - 1) * EAL_PORT_OVERHEAD;

	for (unsigned int p = 0; p < config->n_ports; p++)
		bytes += runtime_mbuf_bytes(mbufs, config->port[p].mtu, hugepages);
	return bytes;
}

/* Choose the memory, and say why in info->summary. */
static int
eal_choose_memory(
    const struct spt_eal_config *config, struct spt_eal_info *info, char *error, size_t error_size)
{
	uint64_t need = eal_need(config, true);
	uint64_t free_bytes = eal_free_hugepages();

	eal_arg("--file-prefix=septet-%d", (int)getpid());
	info->hugepages = free_bytes >= need && !eal_extra_has(config, "--no-huge");
	if (info->hugepages) {
		eal_arg("--in-memory");
		eal_arg("--single-file-segments");
		snprintf(info->summary, sizeof(info->summary),
		    "EAL with hugepages (--in-memory): %u MiB wanted, %u MiB free", eal_mib(need),
		    eal_mib(free_bytes));
		return 0;
	}
	snprintf(info->summary, sizeof(info->summary),
	    "EAL without hugepages (--no-huge): %u MiB of them free, %u MiB wanted",
	    eal_mib(free_bytes), eal_mib(need));
	need = eal_need(config, false);
	/* EAL would get it all the same, and be killed for using it. */
	if (need > eal_available()) {
		snprintf(error, error_size,
		    "%" PRIu32 " mbufs take %u MiB, this machine can give %u MiB: ask for fewer "
		    "with --mbufs",
		    config->mbufs, eal_mib(need), eal_mib(eal_available()));
		return -ENOMEM;
	}
	eal_arg("--no-huge");
	eal_arg("--no-shconf");
	eal_arg("-m");
	eal_arg("%u", eal_mib(need));
	return 0;
}

/*
 * What EAL would answer with its whole help: a list that is none, and a processor that we may
 * not use. Where '@' maps lcores to processors the latter is left to EAL.
 */
static int
eal_check_lcores(const char *list, const cpu_set_t *set, char *error, size_t error_size)
{
	unsigned long first = 0, cpu;
	const char *at = list;
	bool range = false;

	if (!strpbrk(list, "0123456789") || list[strspn(list, "0123456789,-@()")]) {
		snprintf(error, error_size,
		    "--lcores '%s' is no list of cores: expected one like 0-3 or 0@2,1@3", list);
		return -EINVAL;
	}
	while (!strchr(list, '@') && *at) {
		if (*at < '0' || *at > '9') {
			range = *at++ == '-';
			continue;
		}
		cpu = strtoul(at, NULL, 10);
		at += strspn(at, "0123456789");
		for (unsigned long i = range ? first : cpu; i <= cpu; i++) {
			if (i < CPU_SETSIZE && CPU_ISSET(i, set))
				continue;
			snprintf(error, error_size,
			    "--lcores '%s': this process may not use core %lu; 'taskset -cp $$' "
			    "shows which",
			    list, i);
			return -EINVAL;
		}
		first = cpu;
		range = false;
	}
	return 0;
}

/* Lcores where none were asked for: a memory port's two ends run side by side if they can. */
static unsigned int
eal_default_cores(const struct spt_eal_config *config, const cpu_set_t *set)
{
	return config->port[0].spec.kind == SPT_PORT_MEMORY && CPU_COUNT(set) > 1 ? 2 : 1;
}

static bool
eal_all_virtual(const struct spt_eal_config *config)
{
	for (unsigned int p = 0; p < config->n_ports; p++)
		if (!config->port[p].spec.virtual_port)
			return false;
	return true;
}

/*
 * Lcores 0 .. n-1 on the first n processors that we may use. One core on ports without a
 * NIC floats over all of them: it naps, and its peer lives on the same machine.
 */
static int
eal_choose_lcores(const struct spt_eal_config *config, char *error, size_t error_size)
{
	unsigned int want = config->cores, have = 0;
	char list[EAL_LCORE_LIST] = "";
	size_t used = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0) {
		snprintf(error, error_size, "which cores may be used? %s", strerror(errno));
		return -errno;
	}
	if (config->lcores) {
		eal_arg("--lcores=%s", config->lcores);
		return eal_check_lcores(config->lcores, &set, error, error_size);
	}
	if (want == 0)
		want = eal_default_cores(config, &set);
	if (want == 1 && eal_all_virtual(config)) {
		used += (size_t)snprintf(list, sizeof(list), "0@(");
		want = CPU_SETSIZE;
	}
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE && have < want; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		if (used + 16 > sizeof(list))
			break;
		used += (size_t)snprintf(list + used, sizeof(list) - used,
		    want == CPU_SETSIZE ? "%s%u" : "%s%u@%u", have ? "," : "",
		    want == CPU_SETSIZE ? cpu : have, cpu);
		have++;
	}
	if (want == CPU_SETSIZE) {
		eal_arg("--lcores=%s)", list);
		return 0;
	}
	if (have < want) {
		snprintf(error, error_size,
		    "%u cores wanted, this process may use %u: lower --cores, or widen its "
		    "affinity",
		    want, have);
		return -EINVAL;
	}
	eal_arg("--lcores=%s", list);
	return 0;
}

/*
 * A device that two ports would share is none that DPDK could make. Both ends of a memif may be
 * in one process, and several have one socket: their arguments differ.
 */
static int
eal_check_devices(const struct spt_eal_config *config, char *error, size_t error_size)
{
	char name[SPT_PORTS][SPEC_NAME];

	if (config->n_ports == 0 || config->n_ports > SPT_PORTS) {
		snprintf(
		    error, error_size, "%u ports: expected 1 to %u", config->n_ports, SPT_PORTS);
		return -EINVAL;
	}
	for (unsigned int p = 0; p < config->n_ports; p++) {
		const struct spt_port_spec *a = &config->port[p].spec;

		port_spec_name(a, p, name[p]);
		for (unsigned int q = 0; q < p; q++) {
			const struct spt_port_spec *b = &config->port[q].spec;

			if (strcmp(name[p], name[q]) != 0 &&
			    (a->kind != b->kind || strcmp(a->device, b->device) != 0 ||
			        strcmp(a->argument, b->argument) != 0))
				continue;
			snprintf(error, error_size,
			    "ports '%s' and '%s' are the same device: expected one of its own for "
			    "each",
			    b->text, a->text);
			return -EINVAL;
		}
	}
	return 0;
}

static bool
eal_has_kind(const struct spt_eal_config *config, enum spt_port_kind kind)
{
	for (unsigned int p = 0; p < config->n_ports; p++)
		if (config->port[p].spec.kind == kind)
			return true;
	return false;
}

static void
eal_choose_devices(const struct spt_eal_config *config)
{
	char name[SPEC_NAME];

	/* net_tap calls what a kernel without some queueing disciplines lacks an error. */
	if (eal_has_kind(config, SPT_PORT_TAP))
		eal_arg("--log-level=pmd.net.tap:3");
	/* As net_virtio_user calls it one that it draws its MAC address itself. */
	if (eal_has_kind(config, SPT_PORT_VIRTIO_USER))
		eal_arg("--log-level=pmd.net.virtio.driver:3");
	if (!eal_has_kind(config, SPT_PORT_PCI))
		eal_arg("--no-pci");
	for (unsigned int p = 0; p < config->n_ports; p++) {
		const struct spt_port_spec *spec = &config->port[p].spec;

		if (spec->kind == SPT_PORT_MEMORY)
			continue;
		port_spec_name(spec, p, name);
		if (spec->kind == SPT_PORT_PCI)
			eal_arg("-a");
		eal_arg(spec->kind == SPT_PORT_PCI ? "%s%s" : "--vdev=%s%s", name, spec->argument);
	}
}

/* A --file-prefix of the user's is one that other programs look for, where EAL has always put it.
 */
static bool
eal_extra_has_prefix(const struct spt_eal_config *config)
{
	for (unsigned int i = 0; i < config->n_extra; i++)
		if (strncmp(config->extra[i], "--file-prefix", strlen("--file-prefix")) == 0)
			return true;
	return false;
}

int
spt_eal_start(
    const struct spt_eal_config *config, struct spt_eal_info *info, char *error, size_t error_size)
{
	int rc;

	memset(info, 0, sizeof(*info));
	rc = eal_check_devices(config, error, error_size);
	if (rc)
		return rc;
	eal_args.argc = 0;
	eal_args.overflow = false;
	eal_arg("septet");
	rc = eal_choose_lcores(config, error, error_size);
	if (rc)
		return rc;
	rc = eal_choose_memory(config, info, error, error_size);
	if (rc)
		return rc;
	eal_arg("--log-level=4"); /* errors only: a later --log-level of the user's wins */
	eal_choose_devices(config);
	for (unsigned int i = 0; i < config->n_extra; i++)
		if (strcmp(config->extra[i], "--no-huge") != 0)
			eal_arg("%s", config->extra[i]);
	if (eal_args.overflow) {
		snprintf(error, error_size,
		    "arguments for EAL: at most %d, each of at most %d characters", EAL_ARGS,
		    EAL_ARG_SIZE - 1);
		return -EINVAL;
	}
	eal_args.argv[eal_args.argc] = NULL;
	if (!eal_extra_has_prefix(config))
		directory_prepare();
	rc = rte_eal_init(eal_args.argc, eal_args.argv);
	directory_prepared();
	if (rc < 0) {
		rc = rte_errno ? -rte_errno : -EINVAL;
		directory_remove();
		snprintf(error, error_size,
		    "DPDK did not start (%s): '-- --log-level=8' shows more", rte_strerror(-rc));
		return rc;
	}
	info->cores = rte_lcore_count();
	return 0;
}

void
spt_eal_stop(void)
{
	rte_eal_cleanup();
	directory_remove();
}
