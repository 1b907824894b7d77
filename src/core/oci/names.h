/* SPDX-License-Identifier: Apache-2.0 */
/* oci/names: what the runtime specification calls the numbers of the Linux ABI. Data only. */
#ifndef BULKHEAD_CORE_OCI_NAMES_H
#define BULKHEAD_CORE_OCI_NAMES_H

#include "core/oci/fields.h"

#define OCI_CAPABILITY_COUNT 41

/* Values are the kernel's, except where said. */
extern const struct oci_names oci_names_namespace; /* enum oci_namespace_kind */
extern const struct oci_names oci_names_rlimit;
extern const struct oci_names oci_names_sched_policy;
extern const struct oci_names oci_names_sched_flag;
extern const struct oci_names oci_names_io_class;
extern const struct oci_names oci_names_seccomp_action; /* SECCOMP_RET_… without data */
extern const struct oci_names oci_names_seccomp_flag;
extern const struct oci_names oci_names_seccomp_operator; /* enum oci_seccomp_operator */
extern const struct oci_names oci_names_seccomp_arch;	  /* names alone: abi_arch_from_scmp() */
extern const struct oci_names oci_names_memory_mode;
extern const struct oci_names oci_names_memory_flag;
extern const struct oci_names oci_names_personality;
extern const struct oci_names oci_names_propagation; /* MS_… with MS_REC */
extern const struct oci_names oci_names_device_type; /* enum oci_device_type */

#endif
