/* SPDX-License-Identifier: Apache-2.0 */
/* oci/shapes: the tables that one file of this folder offers to the others, and checks that several of them share. */
#ifndef BULKHEAD_CORE_OCI_SHAPES_H
#define BULKHEAD_CORE_OCI_SHAPES_H

#include "core/oci/config.h"
#include "core/oci/fields.h"

extern const struct oci_shape oci_process_shape;   /* struct oci_process */
extern const struct oci_shape oci_linux_shape;	   /* struct oci_linux */
extern const struct oci_shape oci_resources_shape; /* struct oci_resources */
extern const struct oci_shape oci_seccomp_shape;   /* struct oci_seccomp */
extern const struct oci_shape oci_id_map_shape;	   /* struct id_map, as FIELD_LIST into struct id_maps */

/* user_namespaces(7): a map has at most this many lines. */
#define OCI_ID_MAP_LINES_MAX 340

/* For struct oci_field's check and each; the target is unused but for the map. */
int oci_check_id_maps(struct oci_reader *reader, const struct json *value, void *target); /* struct id_maps */
int oci_check_cpu_list(struct oci_reader *reader, const struct json *value, void *target);
int oci_check_env_entry(struct oci_reader *reader, const struct json *value);
int oci_check_interface_name(struct oci_reader *reader, const struct json *value, const char *name);

/* sysctl keys and values against the namespaces that the container has. */
int oci_check_sysctl(struct oci_reader *reader, const struct json *linux_object, const struct oci_linux *config);

#endif
