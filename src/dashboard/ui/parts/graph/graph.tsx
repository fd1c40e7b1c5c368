import "@xyflow/react/dist/base.css";
import "./graph.css";
import {
  Controls,
  type Edge,
  Handle,
  type Node,
  type NodeChange,
  type NodeHandle,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
} from "@xyflow/react";
import { type LucideIcon, Workflow } from "lucide-react";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { Button } from "react-aria-components";
import { useText } from "../../app/text.ts";
import { StatusBadge } from "../status.tsx";
import { type Direction, NODE, type Place, placesOf } from "./layout.ts";
import { text } from "./text.ts";

export interface GraphNode {
  readonly id: string;
  /** What it is, in a word: "Router". */
  readonly kind: string;
  readonly icon: LucideIcon;
  readonly name: string;
  readonly detail?: string;
  readonly status?: string;
}

export interface GraphEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly label?: string;
}

interface Props {
  label: string;
  nodes: readonly GraphNode[];
  edges: readonly GraphEdge[];
  selected: string | null;
  onSelect(id: string | null): void;
  /** Keeps in this browser where somebody dragged things. */
  stored: string;
}

/** What does not fit at a size that can be read is to be dragged. */
const FIT = { minZoom: 0.55, maxZoom: 1.1, padding: 0.1 };

type FlowNode = Node<{ readonly shown: GraphNode; readonly direction: Direction }, "thing">;

const NARROW = "(max-width: 720px)";
const watchNarrow = (listener: () => void): (() => void) => {
  const query = matchMedia(NARROW);
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
};
const useDirection = (): Direction =>
  useSyncExternalStore(watchNarrow, () => matchMedia(NARROW).matches) ? "TB" : "LR";

/** Where edges meet a node, said beforehand: nothing waits until the browser has measured it. */
const handlesOf = (direction: Direction): NodeHandle[] => {
  const point = { width: 1, height: 1 };
  return direction === "LR"
    ? [
        { ...point, type: "target", position: Position.Left, x: 0, y: NODE.height / 2 },
        { ...point, type: "source", position: Position.Right, x: NODE.width, y: NODE.height / 2 },
      ]
    : [
        { ...point, type: "target", position: Position.Top, x: NODE.width / 2, y: 0 },
        { ...point, type: "source", position: Position.Bottom, x: NODE.width / 2, y: NODE.height },
      ];
};

/** Things and what connects them: laid out by itself, dragged, zoomed, walked through by keyboard. */
export function Graph(props: Props) {
  return (
    <ReactFlowProvider>
      <Drawn {...props} />
    </ReactFlowProvider>
  );
}

function Drawn({ label, nodes, edges, selected, onSelect, stored }: Props) {
  const t = useText(text);
  const direction = useDirection();
  const { fitView } = useReactFlow();
  const width = useStore((state) => state.width);
  const [moved, setMoved] = useMoved(`${stored}.${direction}`);
  const looked = useRef(false);
  // A state that changes moves nothing.
  const shape = JSON.stringify([nodes.map(({ id }) => id), edges.map(({ from, to }) => [from, to])]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: by the shape alone
  const places = useMemo(() => placesOf(nodes, edges, direction), [shape, direction]);
  const flowNodes = useMemo<FlowNode[]>(
    () =>
      nodes.map((shown) => ({
        id: shown.id,
        type: "thing",
        position: moved[shown.id] ?? places.get(shown.id) ?? { x: 0, y: 0 },
        ...NODE,
        measured: NODE,
        handles: handlesOf(direction),
        selected: shown.id === selected,
        ariaRole: "button",
        data: { shown, direction },
      })),
    [nodes, places, moved, selected, direction],
  );
  const flowEdges = useMemo<Edge[]>(
    () =>
      edges.map(({ id, from, to, label: said }) => ({
        id,
        source: from,
        target: to,
        focusable: false,
        selectable: false,
        className: from === selected || to === selected ? "of-selected" : "",
        ...(said === undefined ? {} : { label: said, labelShowBg: true }),
      })),
    [edges, selected],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: what has come is shown, unless somebody looks at a part of it
  useEffect(() => {
    if (!looked.current) requestAnimationFrame(() => void fitView(FIT));
  }, [shape, direction, width, fitView]);

  function change(changes: readonly NodeChange<FlowNode>[]) {
    const places: Record<string, Place> = {};
    for (const one of changes) {
      if (one.type === "position" && one.position !== undefined) places[one.id] = one.position;
      if (one.type === "select" && one.selected) onSelect(one.id);
      if (one.type === "select" && !one.selected && one.id === selected && !changes.some(isSelection)) onSelect(null);
    }
    if (Object.keys(places).length > 0) setMoved({ ...moved, ...places });
  }

  return (
    <section className="graph" aria-label={label}>
      <ReactFlow<FlowNode>
        nodes={flowNodes}
        edges={flowEdges}
        nodeTypes={NODE_TYPES}
        onNodesChange={change}
        onMoveStart={(event) => {
          if (event !== null) looked.current = true;
        }}
        nodesConnectable={false}
        elementsSelectable
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        minZoom={0.1}
        maxZoom={2}
        fitView
        fitViewOptions={FIT}
        onlyRenderVisibleElements={nodes.length > 200}
        ariaLabelConfig={{
          "node.a11yDescription.default": t("keys"),
          "node.a11yDescription.keyboardDisabled": t("keys"),
          "node.a11yDescription.ariaLiveMessage": ({ x, y }) => t("moved", { x: Math.round(x), y: Math.round(y) }),
          "edge.a11yDescription.default": t("keys"),
          "controls.ariaLabel": t("controls"),
          "controls.zoomIn.ariaLabel": t("zoom.in"),
          "controls.zoomOut.ariaLabel": t("zoom.out"),
          "controls.fitView.ariaLabel": t("fit"),
          "handle.ariaLabel": "",
        }}
      >
        <Controls showInteractive={false} fitViewOptions={FIT} />
      </ReactFlow>
      {Object.keys(moved).length > 0 && (
        <Button
          className="button small graph-arrange"
          onPress={() => {
            looked.current = false;
            setMoved({});
            requestAnimationFrame(() => void fitView(FIT));
          }}
        >
          <Workflow size={13} aria-hidden="true" />
          {t("arrange")}
        </Button>
      )}
    </section>
  );
}

const isSelection = (change: NodeChange<FlowNode>): boolean => change.type === "select" && change.selected;

const NODE_TYPES = { thing: Thing };

function Thing({ data: { shown, direction }, selected }: NodeProps<FlowNode>) {
  const { icon: Icon, kind, name, detail, status } = shown;
  const [into, out] = direction === "LR" ? [Position.Left, Position.Right] : [Position.Top, Position.Bottom];
  return (
    <div className={selected ? "graph-node selected" : "graph-node"} title={`${kind}: ${name}`}>
      <Handle type="target" position={into} isConnectable={false} />
      <Icon className="graph-node-icon" size={18} strokeWidth={1.6} aria-hidden="true" />
      <span className="graph-node-text">
        <span className="hidden-visually">{`${kind}, `}</span>
        <span className="graph-node-name">{name}</span>
        <span className="graph-node-detail">
          {status !== undefined && <StatusBadge status={status} />}
          {detail !== undefined && <span className="graph-node-said">{detail}</span>}
        </span>
      </span>
      <Handle type="source" position={out} isConnectable={false} />
    </div>
  );
}

/** Where things were dragged to, as this browser had them last. */
function useMoved(key: string) {
  const name = `tenrec.graph.${key}`;
  const [moved, setMoved] = useState<{ readonly name: string; readonly places: Record<string, Place> }>({
    name,
    places: read(name),
  });
  const places = moved.name === name ? moved.places : read(name);
  const change = (next: Record<string, Place>) => {
    if (Object.keys(next).length === 0) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify(next));
    setMoved({ name, places: next });
  };
  return [places, change] as const;
}

function read(name: string): Record<string, Place> {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "{}");
  } catch {
    return {};
  }
}
