/** Line icons on a 16-pixel grid, and the shapes that stand for statuses and priorities. */
import type { ReactNode } from "react";
import { priorityNames, statusNames } from "../texts";
import type { Priority, Status } from "../domain/model";

interface IconProps {
  readonly className?: string;
}

function Icon({ children, className = "" }: IconProps & { readonly children: ReactNode }) {
  return (
    <svg className={`icon ${className}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export function Mark({ className = "" }: IconProps) {
  return (
    <svg className={`mark ${className}`} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect className="mark-ground" width="32" height="32" rx="8" />
      <path className="mark-wire" d="M7 20c4 0 4-8 9-8s5 8 9 8" />
      <circle className="mark-dot" cx="16" cy="12" r="2.6" />
    </svg>
  );
}

export const SearchIcon = (props: IconProps) => (
  <Icon {...props}>
    <circle cx="7" cy="7" r="4.25" />
    <path d="m10.25 10.25 3.25 3.25" />
  </Icon>
);

export const CloseIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="m4 4 8 8M12 4l-8 8" />
  </Icon>
);

export const ChevronIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="m4.5 6.25 3.5 3.5 3.5-3.5" />
  </Icon>
);

export const BackIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M9.75 3.5 5.25 8l4.5 4.5" />
  </Icon>
);

export const SortIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M2.5 4.5h11M4.5 8h7M6.5 11.5h3" />
  </Icon>
);

export const BinIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9" />
  </Icon>
);

export const MailIcon = (props: IconProps) => (
  <Icon {...props}>
    <rect x="2" y="3.5" width="12" height="9" rx="1.5" />
    <path d="m2.5 4.5 5.5 4.25 5.5-4.25" />
  </Icon>
);

export const BookmarkIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M4.5 2.5h7v11L8 10.75 4.5 13.5z" />
  </Icon>
);

export const MenuIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11" />
  </Icon>
);

export const WorkIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M2.5 4.2 3.4 5 5 3.2M2.5 8.2l.9.8L5 7.2M2.5 12.2l.9.8L5 11.2M7.5 4.2h6M7.5 8.2h6M7.5 12.2h6" />
  </Icon>
);

export const UnassignedIcon = (props: IconProps) => (
  <Icon {...props}>
    <circle cx="8" cy="8" r="5.5" strokeDasharray="2.2 2.1" />
  </Icon>
);

export const EveryoneIcon = (props: IconProps) => (
  <Icon {...props}>
    <circle cx="6" cy="5.5" r="2.25" />
    <path d="M2 12.5c.4-2.3 1.9-3.5 4-3.5s3.6 1.2 4 3.5M10.5 3.5a2.1 2.1 0 0 1 0 4M11.5 9.25c1.5.35 2.3 1.5 2.5 3.25" />
  </Icon>
);

export const InboxIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M2.5 9.5 4.4 3.6h7.2l1.9 5.9v3h-11zM2.5 9.5h3.2l.9 1.6h2.8l.9-1.6h3.2" />
  </Icon>
);

export const TeamIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M2.5 13V9M6.2 13V5.5M9.8 13V7.5M13.5 13V3" />
  </Icon>
);

export const AgentsIcon = (props: IconProps) => (
  <Icon {...props}>
    <circle cx="6.5" cy="5" r="2.4" />
    <path d="M2 13c.3-2.8 2-4.3 4.5-4.3 1.2 0 2.2.3 3 1M12 9v5M9.5 11.5h5" />
  </Icon>
);

export const SystemIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M1.8 8.5h2.7l1.8-4.7 3 8.4 1.9-4.7h3" />
  </Icon>
);

export const BellIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M8 2.5c-2.3 0-3.8 1.7-3.8 4v2.2L3 11h10l-1.2-2.3V6.5c0-2.3-1.5-4-3.8-4zM6.6 13.2h2.8" />
  </Icon>
);

export const ArchiveIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M2.5 3.5h11v2.75h-11zM3.5 6.25v6.25h9V6.25M6.5 8.75h3" />
  </Icon>
);

export const SendIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M8 12.75v-9M4.25 7.25 8 3.5l3.75 3.75" />
  </Icon>
);

export const PencilIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="m3 13 .6-2.75 7-7a1.2 1.2 0 0 1 1.7 0l.45.45a1.2 1.2 0 0 1 0 1.7l-7 7z" />
  </Icon>
);

export const PlusIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M8 3.5v9M3.5 8h9" />
  </Icon>
);

export const WarnIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M8 2.75 14 13H2zM8 6.75v3M8 11.4v.1" />
  </Icon>
);

export const CheckIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="m3.5 8.5 3 3 6-7" />
  </Icon>
);

export const ReplyIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M6.5 4 3 7.5 6.5 11M3.25 7.5H9a4 4 0 0 1 4 4v.75" />
  </Icon>
);

const SLICES: Readonly<Record<Status, ReactNode>> = {
  new: <circle cx="7" cy="7" r="5.5" strokeDasharray="2 1.9" />,
  open: <circle cx="7" cy="7" r="5.5" />,
  in_progress: (
    <>
      <circle cx="7" cy="7" r="5.5" />
      <path className="solid" d="M7 3.75a3.25 3.25 0 0 1 0 6.5z" />
    </>
  ),
  waiting: (
    <>
      <circle cx="7" cy="7" r="5.5" />
      <path d="M5.5 5v4M8.5 5v4" />
    </>
  ),
  resolved: (
    <>
      <circle className="solid edge" cx="7" cy="7" r="5.5" />
      <path className="tick" d="m4.6 7.2 1.7 1.7 3.2-3.6" />
    </>
  ),
  closed: (
    <>
      <circle className="solid edge" cx="7" cy="7" r="5.5" />
      <path className="tick" d="M4.75 7h4.5" />
    </>
  ),
};

/** The status as a small circle that fills up. Decoration: its name stands beside it or in a label. */
export function StatusDot({ status, named = false }: { readonly status: Status; readonly named?: boolean }) {
  const name = named ? ({ role: "img", "aria-label": statusNames[status] } as const) : ({ "aria-hidden": true } as const);
  return (
    <svg className={`status-dot status-${status}`} viewBox="0 0 14 14" focusable="false" {...name}>
      {SLICES[status]}
    </svg>
  );
}

const BARS: Readonly<Record<Priority, number>> = { low: 1, normal: 2, high: 3, urgent: 4 };

export function PriorityBars({ priority, named = false }: { readonly priority: Priority; readonly named?: boolean }) {
  const name = named
    ? ({ role: "img", "aria-label": priorityNames[priority] } as const)
    : ({ "aria-hidden": true } as const);
  if (priority === "urgent") {
    return (
      <svg className="priority urgent" viewBox="0 0 14 14" focusable="false" {...name}>
        <rect className="solid" x="1" y="1" width="12" height="12" rx="3" />
        <path className="tick" d="M7 4v3.5M7 9.9v.1" />
      </svg>
    );
  }
  return (
    <svg className="priority" viewBox="0 0 14 14" focusable="false" {...name}>
      {[1, 2, 3].map((bar) => (
        <rect
          key={bar}
          className={bar <= BARS[priority] ? "bar on" : "bar"}
          x={bar * 4 - 2.5}
          y={11 - bar * 3}
          width="2.5"
          height={bar * 3}
          rx="1"
        />
      ))}
    </svg>
  );
}
