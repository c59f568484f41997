import type { ButtonHTMLAttributes } from "react";
import { Icon, type IconName } from "./Icon.tsx";
import "./Button.css";

interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "className" | "type"> {
  readonly icon?: IconName;
  /** The name of the button; with `iconOnly` it is for those who hear it, and a tooltip. */
  readonly label: string;
  readonly iconOnly?: boolean;
}

export function Button({ icon, label, iconOnly = false, ...rest }: ButtonProps) {
  return (
    <button
      {...rest}
      type="button"
      className={iconOnly ? "button button--icon" : "button"}
      {...(iconOnly ? { "aria-label": label, title: label } : {})}
    >
      {icon !== undefined && <Icon name={icon} />}
      {!iconOnly && label}
    </button>
  );
}
