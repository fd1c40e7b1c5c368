import {
  AGGREGATE,
  about,
  choice,
  FLAVOR,
  IMAGE,
  imageAndItsVolumes,
  type StandardNamespace,
  text,
  trueOrFalse,
  whole,
  yesOrNo,
} from "./words.ts";

const BUSES = ["scsi", "virtio", "uml", "xen", "ide", "usb", "fdc", "sata", "lxc"];
export const computeNamespaces: StandardNamespace[] = [
  {
    namespace: "OS::Compute::AggregateDiskFilter",
    display_name: "Disk Allocation per Host",
    description: "How much of the disks of an aggregate's hosts may be promised.",
    protected: true,
    associations: [about(AGGREGATE)],
    properties: {
      disk_allocation_ratio: {
        title: "Disk Subscription Ratio",
        description: "Disk that may be promised, as a multiple of what there is.",
        type: "number",
        readonly: false,
      },
    },
  },
  {
    namespace: "OS::Compute::AggregateIoOpsFilter",
    display_name: "IO Ops per Host",
    description: "How many servers of a host may be building, resizing or being copied at once.",
    protected: true,
    associations: [about(AGGREGATE)],
    properties: {
      max_io_ops_per_host: whole("Maximum IO Operations per Host", "With more a host gets no new server.", {
        readonly: false,
        default: "8",
        minimum: 1,
      }),
    },
  },
  {
    namespace: "OS::Compute::AggregateNumInstancesFilter",
    display_name: "Instances per Host",
    description: "How many servers a host may have.",
    protected: false,
    associations: [about(AGGREGATE)],
    properties: {
      max_instances_per_host: whole("Max Instances Per Host", "With as many a host gets no new server.", {
        readonly: false,
        minimum: 0,
      }),
    },
  },
  {
    namespace: "OS::Compute::CPUMode",
    display_name: "CPU Mode",
    description: "Which processor a guest sees.",
    protected: false,
    associations: [about(IMAGE, "hw_"), about(FLAVOR, "hw:")],
    properties: {
      cpu_mode: choice("CPU Mode", "The host's own, one like it, a named one, or the hypervisor's choice.", [
        "none",
        "host-model",
        "host-passthrough",
        "custom",
      ]),
    },
  },
  {
    namespace: "OS::Compute::CPUPinning",
    display_name: "CPU Pinning",
    description: "Whether a guest's processors have cores of the host for themselves.",
    protected: true,
    associations: [...imageAndItsVolumes("hw_"), about(FLAVOR, "hw:")],
    properties: {
      cpu_policy: choice("CPU Pinning policy", "Shared with other guests, or one core for each.", [
        "shared",
        "dedicated",
      ]),
      cpu_thread_policy: choice(
        "CPU Thread Pinning Policy.",
        "What is done with the second threads of dedicated cores.",
        ["isolate", "prefer", "require"],
      ),
    },
  },
  {
    namespace: "OS::Compute::GuestMemoryBacking",
    display_name: "Guest Memory Backing",
    description: "The pages of which a guest's memory is made.",
    protected: true,
    associations: [about(FLAVOR, "hw:"), ...imageAndItsVolumes("hw_")],
    properties: {
      mem_page_size: text("Size of memory page", "small, large, any, or a size with its unit, such as 2MB."),
    },
  },
  {
    namespace: "OS::Compute::GuestShutdownBehavior",
    display_name: "Shutdown Behavior",
    description: "How a guest is stopped.",
    protected: true,
    associations: [about(IMAGE)],
    properties: {
      os_shutdown_timeout: whole(
        "Shutdown timeout",
        "Seconds that a guest has to stop by itself before its power is cut.",
        {
          minimum: 0,
        },
      ),
    },
  },
  {
    namespace: "OS::Compute::HostCapabilities",
    display_name: "Compute Host Capabilities",
    description: "What a host has to have, as it tells of itself.",
    protected: true,
    associations: [about(FLAVOR, "capabilities:"), about(AGGREGATE, "aggregate_instance_extra_specs:")],
    properties: {
      "cpu_info:vendor": choice("Vendor", "Who made the processor.", ["Intel", "AMD"], { operators: ["<or>"] }),
      "cpu_info:model": text("Model", "The processor's model, as libvirt calls it.", { operators: ["<or>"] }),
      "cpu_info:arch": choice(
        "Architecture",
        "The processor's architecture.",
        ["x86", "x86_64", "i686", "ia64", "ARMv8-A", "ARMv7-A"],
        { operators: ["<or>"] },
      ),
      "cpu_info:topology:cores": whole("cores", "Cores of a socket.", { readonly: false, default: "1" }),
      "cpu_info:topology:threads": whole("threads", "Threads of a core.", { readonly: false, default: "1" }),
      "cpu_info:topology:sockets": whole("sockets", "Sockets of a host.", { readonly: false, default: "1" }),
      "cpu_info:features": {
        title: "Features",
        description: "Flags of the processor, as libvirt calls them.",
        operators: ["<or>", "<all-in>"],
        type: "array",
        items: { type: "string" },
      },
    },
  },
  {
    namespace: "OS::Compute::Hypervisor",
    display_name: "Hypervisor Selection",
    description: "Which hypervisors an image is for.",
    protected: true,
    associations: [about(IMAGE)],
    properties: {
      hypervisor_type: choice("Hypervisor Type", "The kind of hypervisor.", [
        "baremetal",
        "hyperv",
        "kvm",
        "lxc",
        "powervm",
        "qemu",
        "uml",
        "vmware",
        "vz",
        "xen",
      ]),
      vm_mode: choice("VM Mode", "What a guest expects of the hypervisor.", ["hvm", "xen", "uml", "exe"]),
    },
  },
  {
    namespace: "OS::Compute::InstanceData",
    display_name: "Instance Config Data",
    description: "What a guest needs from the cloud to configure itself, and to be copied while it runs.",
    protected: true,
    associations: imageAndItsVolumes(),
    properties: {
      img_config_drive: choice("Config Drive", "Whether a guest is always given its data on a drive.", [
        "optional",
        "mandatory",
      ]),
      os_require_quiesce: yesOrNo(
        "Require Quiescent File system",
        "Whether a copy is refused when file systems cannot be frozen.",
      ),
    },
  },
  {
    namespace: "OS::Compute::LibvirtImage",
    display_name: "libvirt Driver Options for Images",
    description: "The virtual hardware that an image wants.",
    protected: true,
    associations: [about(IMAGE)],
    properties: {
      hw_cdrom_bus: choice("CD-ROM Bus", "What CD-ROMs hang on.", BUSES),
      hw_disk_bus: choice("Disk Bus", "What disks hang on.", BUSES),
      hw_firmware_type: choice("Firmware Type", "What a guest is started by.", ["bios", "uefi"]),
      hw_rng_model: text("Random Number Generator Device model", "Gives a guest randomness of the host.", {
        default: "virtio",
      }),
      hw_machine_type: text("Machine Type", "QEMU's machine: pc, q35, virt."),
      hw_scsi_model: text("SCSI Model", "The controller of SCSI disks.", { default: "virtio-scsi" }),
      hw_video_model: choice("Video Model", "The graphics card.", [
        "vga",
        "cirrus",
        "vmvga",
        "xen",
        "qxl",
        "virtio",
        "gop",
        "none",
        "bochs",
      ]),
      hw_video_ram: whole("Max Video Ram", "MiB of the graphics card, as far as the flavor allows it.", { minimum: 0 }),
      os_command_line: text(
        "Kernel Command Line",
        "Given to the kernel where the image has one of its own (kernel_id).",
      ),
      os_type: choice("OS Type", "The kind of operating system.", ["linux", "windows"]),
      hw_vif_model: choice("Virtual Network Interface", "The network card.", [
        "e1000",
        "e1000e",
        "ne2k_pci",
        "netfront",
        "pcnet",
        "rtl8139",
        "spapr-vlan",
        "virtio",
        "vmxnet3",
        "igb",
      ]),
      hw_vif_multiqueue_enabled: trueOrFalse("Multiqueue Enabled", "A queue of the network card for each processor."),
      hw_pmu: trueOrFalse("Virtual Performance Monitoring Unit", "Whether a guest can count what its processor does."),
      hw_qemu_guest_agent: yesOrNo("QEMU Guest Agent", "Whether the image has QEMU's guest agent."),
      hw_pointer_model: choice("Pointer Model", "A pointer that is where the console's is.", ["usbtablet"]),
      img_hide_hypervisor_id: yesOrNo("Hide hypervisor id", "Whether a guest is kept from knowing the hypervisor."),
    },
  },
  {
    namespace: "OS::Compute::Libvirt",
    display_name: "libvirt Driver Options",
    description: "Parts of the virtual machine that images and flavors may ask for.",
    protected: true,
    associations: [about(IMAGE, "hw_"), about(FLAVOR, "hw:")],
    properties: {
      serial_port_count: whole("Serial Port Count", "Serial ports of a guest.", { minimum: 0 }),
      boot_menu: trueOrFalse("Boot Menu", "Whether the console offers what to start from."),
    },
  },
  {
    namespace: "OS::Compute::Quota",
    display_name: "Flavor Quota",
    description: "How much of a host's processor, disks and network a guest may use.",
    protected: true,
    associations: [about(FLAVOR)],
    objects: [
      {
        name: "CPU Limits",
        description: "Shares of the processor.",
        required: [],
        properties: {
          "quota:cpu_shares": whole("Quota: CPU Shares", "Weight against other guests."),
          "quota:cpu_period": whole("Quota: CPU Period", "Microseconds in which the quota counts.", {
            minimum: 1000,
            maximum: 1_000_000,
          }),
          "quota:cpu_quota": whole("Quota: CPU Quota", "Microseconds of processor within a period."),
        },
      },
      {
        name: "Disk QoS",
        description: "Limits of disks.",
        required: [],
        properties: Object.fromEntries(
          ["read", "write", "total"].flatMap((what) => [
            [`quota:disk_${what}_bytes_sec`, whole(`Quota: Disk ${what} bytes / sec`, `Bytes a second (${what}).`)],
            [`quota:disk_${what}_iops_sec`, whole(`Quota: Disk ${what} IOPS / sec`, `Requests a second (${what}).`)],
          ]),
        ),
      },
      {
        name: "Virtual Interface QoS",
        description: "Limits of network cards.",
        required: [],
        properties: Object.fromEntries(
          ["inbound", "outbound"].flatMap((way) =>
            ["average", "burst", "peak"].map((what) => [
              `quota:vif_${way}_${what}`,
              whole(`Quota: VIF ${way} ${what}`, `${what === "burst" ? "Kilobytes" : "Kilobytes a second"}, ${way}.`),
            ]),
          ),
        ),
      },
    ],
  },
  {
    namespace: "OS::Compute::RandomNumberGenerator",
    display_name: "Random Number Generator",
    description: "Whether, and how fast, guests are given randomness of the host.",
    protected: true,
    associations: [about(FLAVOR)],
    properties: {
      "hw_rng:allowed": {
        title: "Random Number Generator Allowed",
        description: "Whether images that ask for one get it.",
        type: "boolean",
      },
      "hw_rng:rate_bytes": whole("Random number generator limits.", "Bytes that a guest may read in a period."),
      "hw_rng:rate_period": whole("Random number generator read period.", "Milliseconds of a period."),
    },
  },
  {
    namespace: "OS::Compute::VirtCPUTopology",
    display_name: "Virtual CPU Topology",
    description: "How a guest sees its processors put together.",
    protected: true,
    associations: [...imageAndItsVolumes("hw_"), about(FLAVOR, "hw:")],
    properties: {
      cpu_sockets: whole("vCPU Sockets", "Sockets that are preferred."),
      cpu_cores: whole("vCPU Cores", "Cores of a socket that are preferred."),
      cpu_threads: whole("vCPU Threads", "Threads of a core that are preferred."),
      cpu_max_sockets: whole("Max vCPU Sockets", "No more sockets."),
      cpu_max_cores: whole("Max vCPU Cores", "No more cores of a socket."),
      cpu_max_threads: whole("Max vCPU Threads", "No more threads of a core."),
    },
  },
  {
    namespace: "OS::Compute::TPM",
    display_name: "TPM Options",
    description: "The trusted platform module of a guest.",
    protected: true,
    associations: [about(FLAVOR, "hw:"), about(IMAGE, "hw_")],
    properties: {
      tpm_model: choice("TPM model", "The device.", ["tpm-tis", "tpm-crb"], {
        operators: ["<or>"],
        default: "tpm-tis",
      }),
      tpm_version: choice("TPM version", "The standard's version.", ["1.2", "2.0"], { operators: ["<or>"] }),
    },
  },
  {
    namespace: "OS::Compute::Watchdog",
    display_name: "Watchdog Behavior",
    description: "What happens to a guest that hangs.",
    protected: true,
    associations: [...imageAndItsVolumes("hw_"), about(FLAVOR, "hw:")],
    properties: {
      watchdog_action: choice("Watchdog Action", "What is done when a guest no longer feeds its watchdog.", [
        "disabled",
        "reset",
        "poweroff",
        "pause",
        "none",
      ]),
    },
  },
];
