import type { ReactNode } from "react";
import { StateIcon } from "./StateIcon.tsx";
import "./Notice.css";
import "./state.css";

interface NoticeProps {
  /** How grave it is decides icon and colour; "unknown" is for not being able to tell. */
  readonly state: "degraded" | "stale" | "unknown";
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

/** One thing that the viewer must know about the whole page. */
export function Notice({ state, title, children, action }: NoticeProps) {
  return (
    <div className={`notice notice--${state}`} role="alert">
      <StateIcon state={state} />
      <p className="notice__text">
        <strong>{title}</strong> {children}
      </p>
      {action}
    </div>
  );
}
