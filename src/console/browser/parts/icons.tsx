// The icons of the console. They repeat labels, so they are hidden from screen readers.
import {
  CheckOutlined,
  CloseOutlined,
  CopyOutlined,
  DeleteOutlined,
  DownloadOutlined,
  EditOutlined,
  GlobalOutlined,
  MenuOutlined,
  MoonOutlined,
  MoreOutlined,
  PlusOutlined,
  SunOutlined,
  UserOutlined,
} from '@ant-design/icons'
import type { ComponentType } from 'react'

function silent(Icon: ComponentType<{ 'aria-hidden': boolean }>) {
  return () => <Icon aria-hidden />
}

export const CheckIcon = silent(CheckOutlined)
export const CloseIcon = silent(CloseOutlined)
export const CopyIcon = silent(CopyOutlined)
export const DeleteIcon = silent(DeleteOutlined)
export const DownloadIcon = silent(DownloadOutlined)
export const EditIcon = silent(EditOutlined)
export const LanguageIcon = silent(GlobalOutlined)
export const MenuIcon = silent(MenuOutlined)
export const MoonIcon = silent(MoonOutlined)
export const MoreIcon = silent(MoreOutlined)
export const PlusIcon = silent(PlusOutlined)
export const SunIcon = silent(SunOutlined)
export const UserIcon = silent(UserOutlined)
