/* SPDX-License-Identifier: Apache-2.0 */
/* reference_headers: what the kernel's headers of this machine say about the constants of the reference. Compiled apart
 * from the test, since these headers and cmocka's do not know of each other. */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <asm/ioctls.h>
#include <asm/prctl.h>
#include <asm/ptrace-abi.h>
#include <asm/termbits.h>
#include <asm/unistd.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/blkzoned.h>
#include <linux/btrfs.h>
#include <linux/capability.h>
#include <linux/cdrom.h>
#include <linux/dm-ioctl.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/fuse.h>
#include <linux/hdreg.h>
#include <linux/icmp.h>
#include <linux/if_alg.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/if_xdp.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/kd.h>
#include <linux/keyctl.h>
#include <linux/kvm.h>
#include <linux/loop.h>
#include <linux/mount.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/perf_event.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <linux/random.h>
#include <linux/rtc.h>
#include <linux/sched.h>
#include <linux/sctp.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <linux/tls.h>
#include <linux/udp.h>
#include <linux/usbdevice_fs.h>
#include <linux/userfaultfd.h>
#include <linux/vhost.h>
#include <linux/videodev2.h>
#include <linux/vt.h>
#include <linux/watchdog.h>
#include <sound/asound.h>

#include "reference_headers.h"

/* The C library's is no constant: it asks how many signals it keeps for itself. */
#undef SIGRTMIN

#define CHECK(kind_name, constant, listed) \
	{.kind = (kind_name), .name = #constant, .header = (int64_t)(constant), .table = (int64_t)(listed)},
#define CHECK_CALL(call, constant)
const struct header_check header_checks[] = {
#include "reference-checks.h"
};
const size_t header_checks_count = sizeof(header_checks) / sizeof(header_checks[0]);

#undef CHECK
#undef CHECK_CALL
#define CHECK(kind_name, constant, listed)
#define CHECK_CALL(call, constant) {.kind = "syscall", .name = (call), .header = (constant)},
const struct header_check header_calls[] = {
#include "reference-checks.h"
};
const size_t header_calls_count = sizeof(header_calls) / sizeof(header_calls[0]);
